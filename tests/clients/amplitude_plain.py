"""amplitude-analytics (Python): plain and by the batch endpoint."""

import sys

from amplitude import Amplitude, BaseEvent, Config, EventOptions, Identify

url, key = sys.argv[1:]

client = Amplitude(key, Config(server_url=f"{url}/2/httpapi"))
client.track(BaseEvent("viewed", device_id="device_amp", event_properties={"n": 1}))
client.track(
    BaseEvent("bought", device_id="device_amp", user_id="amp_user", session_id=1700000000000)
)
client.identify(Identify().set("plan", "pro").unset("trial"), EventOptions(user_id="amp_user"))
client.set_group("company", "acme", EventOptions(user_id="amp_user"))
client.group_identify("company", "acme", Identify().set("name", "Acme"))
client.flush()
client.shutdown()

batched = Amplitude(key, Config(server_url=f"{url}/batch", use_batch=True))
for n in range(120):
    batched.track(BaseEvent("counted", user_id="amp_user", event_properties={"n": n}))
batched.flush()
batched.shutdown()
