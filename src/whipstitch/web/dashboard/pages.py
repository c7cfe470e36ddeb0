"""The pages of a project, in the order of the navigation.

To add one: an entry here, a template and, in ``static``, a script of its name. The template extends
``page.html``; the script is a module that asks the query API through ``api.js``. A page that asks a
question extends ``question.html``; what it shares with the others is in ``question.js``."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Page:
    """``slug`` is the last part of its address, and names its template (``SLUG.html``) and its
    script (``SLUG.js``). ``group`` is the heading it stands under in the navigation; without one it
    is not listed, and ``under`` is the slug of the page that is. ``words``: what people who know
    other products look for and mean the page, with ``|`` between; Ctrl-K finds it by these."""

    slug: str
    title: str
    group: str = ""
    under: str = ""
    words: str = ""


BOARD: Final = Page("board", "Board", under="boards")
PAGES: Final = (
    Page("events", "Live", "Observe", words="event stream|activity|debugger"),
    Page("web", "Web", "Observe", words="web analytics|traffic|visitors|bounce rate|referrers|UTM"),
    Page("sessions", "Sessions", "Observe", words="visits"),
    Page("boards", "Boards", "Observe", words="dashboards|reports"),
    BOARD,
    Page("screens", "Screens", "Observe", words="heatmaps|taps"),
    Page("screen", "Screen", under="screens"),
    Page(
        "insights",
        "Insights",
        "Analyse",
        words="trends|segmentation|DAU|WAU|MAU|active users|revenue",
    ),
    Page("funnels", "Funnels", "Analyse", words="conversion|conversion rate|drop-off"),
    Page("retention", "Retention", "Analyse", words="cohort analysis|churn"),
    Page("flows", "Flows", "Analyse", words="paths|user journeys"),
    Page("stickiness", "Stickiness", "Analyse", words="engagement|DAU/MAU|power users"),
    Page(
        "lifecycle", "Lifecycle", "Analyse", words="growth accounting|new, returning, dormant users"
    ),
    Page("experiments", "Experiments", "Analyse", words="A/B tests|variants|uplift"),
    Page("people", "People", "Who", words="users|persons|profiles"),
    Page("person", "Person", under="people"),
    Page("cohorts", "Cohorts", "Who", words="segments|audiences|static cohort|dynamic cohort"),
    Page("cohort", "Cohort", under="cohorts"),
    Page(
        "lexicon",
        "Lexicon",
        "Data",
        words="data dictionary|schema|merged events|custom properties|verified",
    ),
    Page("rejections", "Not stored", "Data", words="rejected events|dropped events|errors"),
)
FIRST: Final = PAGES[0]
SETTINGS: Final = Page("settings", "Settings", "Set up", words="API keys|tokens|members|projects")
NAVIGATION: Final = tuple(page for page in (*PAGES, SETTINGS) if page.group)
