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
    is not listed, and ``under`` is the slug of the page that is."""

    slug: str
    title: str
    group: str = ""
    under: str = ""


BOARD: Final = Page("board", "Board", under="boards")
PAGES: Final = (
    Page("events", "Live", "Observe"),
    Page("web", "Web", "Observe"),
    Page("sessions", "Sessions", "Observe"),
    Page("boards", "Boards", "Observe"),
    BOARD,
    Page("screens", "Screens", "Observe"),
    Page("screen", "Screen", under="screens"),
    Page("insights", "Insights", "Analyse"),
    Page("funnels", "Funnels", "Analyse"),
    Page("retention", "Retention", "Analyse"),
    Page("flows", "Flows", "Analyse"),
    Page("stickiness", "Stickiness", "Analyse"),
    Page("lifecycle", "Lifecycle", "Analyse"),
    Page("experiments", "Experiments", "Analyse"),
    Page("people", "People", "Who"),
    Page("person", "Person", under="people"),
    Page("cohorts", "Cohorts", "Who"),
    Page("cohort", "Cohort", under="cohorts"),
    Page("lexicon", "Lexicon", "Data"),
    Page("rejections", "Not stored", "Data"),
)
FIRST: Final = PAGES[0]
SETTINGS: Final = Page("settings", "Settings", "Set up")
NAVIGATION: Final = tuple(page for page in (*PAGES, SETTINGS) if page.group)
