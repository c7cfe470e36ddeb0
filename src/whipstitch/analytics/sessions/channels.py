"""Channels: by which way a session came.

The rules are those of Google Analytics 4 (https://support.google.com/analytics/answer/9756891) in
the order that Plausible gives them, with its channel of assistants. The source is ``utm_source``,
else the domain of the referrer. Which sites search, or are social, is a list of our own: Google's
is long and changes. Who pays without saying so in ``utm_medium`` is told by the click ids
of Google and Microsoft."""

from collections.abc import Mapping
from typing import Final

from whipstitch.warehouse.literals import literal

DIRECT: Final = "Direct"

_SITES: Final[Mapping[str, tuple[str, ...]]] = {
    "search": (
        *("360", "aol", "ask", "baidu", "bing", "brave", "daum", "dogpile", "duckduckgo"),
        *("ecosia", "google", "kagi", "mojeek", "naver", "qwant", "seznam", "sogou"),
        *("startpage", "swisscows", "yahoo", "yahoo!", "yandex"),
    ),
    "social": (
        *("bluesky", "bsky", "discord", "facebook", "fb", "hackernews", "hacker news", "ig"),
        *("instagram", "linkedin", "lnkd", "lobste", "mastodon", "mstdn", "pinterest"),
        *("producthunt", "quora", "reddit", "redd", "slack", "snapchat", "telegram", "threads"),
        *("tiktok", "tumblr", "twitter", "vk", "weibo", "whatsapp", "x", "xing", "ycombinator"),
        *("t.co", "t.me", "fb.me", "wa.me", "pin.it"),
    ),
    "video": ("dailymotion", "twitch", "vimeo", "youtu", "youtube"),
    "shopping": ("aliexpress", "alibaba", "amazon", "ebay", "etsy", "shopping", "temu", "walmart"),
    "assistant": (
        *("chatgpt", "openai", "claude", "perplexity", "gemini", "copilot", "deepseek", "grok"),
        *("phind", "poe", "gemini.google.com", "copilot.microsoft.com"),
    ),
    "mailbox": (
        *("gmail", "outlook", "mail.google.com", "mail.yahoo.com", "outlook.live.com"),
        *("outlook.office.com", "outlook.office365.com", "com.google.android.gm", "e.mail.ru"),
        *("mail.proton.me", "mail.zoho.com", "mail.yandex.ru", "mail.aol.com"),
    ),
}
"""What sites are, by their whole domain or by its name without what is before and behind it: of
``www.google.co.uk`` that is ``google``."""
_PAID_MEDIUM: Final = "^(.*cp.*|ppc|retargeting|paid.*)$"
_PAID_SOURCE: Final = "(^|[^a-z])(ads?|adwords)$"
_DISPLAY: Final = "^(display|banner|expandable|interstitial|cpm)$"
_SOCIAL_MEDIUM: Final = "^(social|sm|social[- ](network|media))$"
_E_MAIL: Final = "e[-_ ]?mail|newsletter"
_SHOP_CAMPAIGN: Final = "^(.*(([^a-df-z]|^)shop|shopping).*)$"

CHANNELS: Final = (
    *("Cross-network", "Paid Shopping", "Paid Search", "Paid Social", "Paid Video", "Display"),
    *("Paid Other", "Organic Shopping", "Organic Social", "Organic Video", "AI Assistants"),
    *("Email", "Organic Search", "Affiliates", "Audio", "SMS", "Mobile Push Notifications"),
    *("Referral", DIRECT),
)


def site(referrer: str, source: str) -> str:
    """What the site is, a String in SQL: ``search``, ``social`` …, ``other``, or blank where there
    is none. Both are expressions of Strings: the referrer's domain and ``utm_source``."""
    by = f"if({source} != '', lower({source}), {referrer})"
    kinds = {name: kind for kind, names in _SITES.items() for name in names}
    names, found = (f"[{', '.join(map(literal, some))}]" for some in (kinds, kinds.values()))
    name = f"if(position({by}, '.') > 0, firstSignificantSubdomain({by}), {by})"
    named = f"transform({name}, {names}, {found}, 'other')"
    return f"if({by} = '', '', transform({by}, {names}, {found}, {named}))"


def channel(kind: str, source: str, medium: str, campaign: str, click: str) -> str:
    """The channel, a String, in SQL. All are expressions of Strings: what ``site`` gives, the
    ``utm_…`` of that name, and the click id of a search engine's ad."""
    medium, campaign, source = (f"lower({one})" for one in (medium, campaign, source))
    search, social, video = (f"{kind} = '{one}'" for one in ("search", "social", "video"))
    shopping = f"({kind} = 'shopping' OR {_matches(campaign, _SHOP_CAMPAIGN)})"
    medium_paid = _matches(medium, _PAID_MEDIUM)
    paid = f"({medium_paid} OR {_matches(source, _PAID_SOURCE)})"
    rules = (
        (f"position({campaign}, 'cross-network') > 0", "Cross-network"),
        (f"{shopping} AND {medium_paid}", "Paid Shopping"),
        (f"{search} AND {paid} OR {click} != '' AND {kind} IN ('search', '')", "Paid Search"),
        (f"{social} AND {paid}", "Paid Social"),
        (f"{video} AND {paid}", "Paid Video"),
        (_matches(medium, _DISPLAY), "Display"),
        (medium_paid, "Paid Other"),
        (shopping, "Organic Shopping"),
        (f"{social} OR {_matches(medium, _SOCIAL_MEDIUM)}", "Organic Social"),
        (f"{video} OR position({medium}, 'video') > 0", "Organic Video"),
        (f"{kind} = 'assistant'", "AI Assistants"),
        (
            f"{kind} = 'mailbox' OR {_matches(source, _E_MAIL)} OR {_matches(medium, _E_MAIL)}",
            "Email",
        ),
        (f"{search} OR {medium} = 'organic'", "Organic Search"),
        (f"{medium} IN ('affiliate', 'affiliates')", "Affiliates"),
        (f"{medium} = 'audio'", "Audio"),
        (f"{source} = 'sms' OR {medium} = 'sms'", "SMS"),
        (_matches(medium, "push$|mobile|notification"), "Mobile Push Notifications"),
        (f"{kind} != '' OR {medium} IN ('referral', 'app', 'link')", "Referral"),
    )
    branches = ", ".join(f"{rule}, {literal(name)}" for rule, name in rules)
    return f"multiIf({branches}, {literal(DIRECT)})"


def _matches(text: str, pattern: str) -> str:
    """Most are blank, and then no pattern is tried."""
    return f"({text} != '' AND match({text}, {literal(pattern)}))"
