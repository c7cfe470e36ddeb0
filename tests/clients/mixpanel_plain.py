"""mixpanel (Python): plain and buffered."""

import sys

from mixpanel import BufferedConsumer, Consumer, Mixpanel

url, key = sys.argv[1:]
paths = {
    f"{name}_url": f"{url}/{path}"
    for name, path in {
        "events": "track",
        "people": "engage",
        "groups": "groups",
        "import": "import",
    }.items()
}

mixpanel = Mixpanel(key, consumer=Consumer(**paths))
mixpanel.track("anon_mp", "viewed", {"n": 1, "text": "Grüße 😀", "nan": float("nan")})
mixpanel.track("mp_user", "bought", {"price": 49.99})
mixpanel.import_data("", "mp_user", "imported", 1779000000, {"n": 2})
mixpanel.merge("", "mp_user", "anon_mp")
mixpanel.people_set("mp_user", {"$email": "ada@example.com", "plan": "free", "trial": True})
mixpanel.people_set("mp_user", {"plan": "pro"})
mixpanel.people_unset("mp_user", ["trial"])
mixpanel.people_set_once("mp_user", {"first_seen": "2026-05-01"})
mixpanel.people_set_once("mp_user", {"first_seen": "2026-06-01"})
mixpanel.people_increment("mp_user", {"logins": 1})
mixpanel.people_increment("mp_user", {"logins": 2})
mixpanel.people_append("mp_user", {"tags": "new"})
mixpanel.group_set("company", "acme", {"name": "Acme"})

prefixed = {name: one.replace(url, f"{url}/mixpanel") for name, one in paths.items()}
consumer = BufferedConsumer(max_size=50, **prefixed)
buffered = Mixpanel(key, consumer=consumer)
for n in range(120):
    buffered.track("mp_user", "counted", {"n": n})
consumer.flush()
