"""``/api/v1/questions``: what people ask again and again."""

from typing import Any, Final

import msgspec
from msgspec import UNSET
from starlette.concurrency import run_in_threadpool

from whipstitch.web.api.asking import Asking
from whipstitch.web.api.endpoints import REFUSALS, InEnvironment, Routes
from whipstitch.web.api.question_bodies import (
    EXAMPLE_QUERY,
    EXAMPLES,
    QuestionBody,
    QuestionChange,
    QuestionShown,
    check,
    check_view,
    shown,
)

routes = Routes("/api/v1/questions", "questions", cancellable=True)

SHOWN: Final[dict[str, Any]] = {
    "id": "qst_V1StGXR8Z5jdHi6BmyT2w",
    "name": "Visitors",
    "surface": "insights",
    "query": EXAMPLE_QUERY,
    "range": "30d",
    "view": {"chart": "line"},
    "boards": ["brd_5jdHi6BmyT2wV1StGXR8Z"],
    "created_by": "ann@example.com",
    "created_at": "2026-05-01T08:00:00.000Z",
    "changed_by": "ann@example.com",
    "changed_at": "2026-05-09T14:30:00.000Z",
}
_CHANGES: Final = {
    "rename": {"summary": "Call it otherwise", "value": {"name": "Guests"}},
    "ask otherwise": {
        "summary": "Ask something else, about the last week",
        "value": {
            "query": {"events": [{"event_name": "page_view"}], "interval": "day"},
            "range": "7d",
        },
    },
}
_ONE: Final = {"question": {"ok": True, "question": SHOWN}}


class QuestionsAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    questions: list[QuestionShown]


class QuestionAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    question: QuestionShown


class TakenOff(msgspec.Struct, kw_only=True):
    ok: bool = True
    boards: list[str]


class OneQuestion(InEnvironment, kw_only=True):
    """A saved question."""

    question_id: str


@routes.add(
    "GET",
    "",
    "Saved questions, oldest first",
    shown={"questions": {"ok": True, "questions": [SHOWN]}},
)
async def list_questions(asking: Asking, sent: InEnvironment) -> QuestionsAnswer:
    """All saved questions of the environment."""
    found = await run_in_threadpool(asking.registry.list_questions, asking.scope)
    return QuestionsAnswer(questions=[shown(one) for one in found])


@routes.add(
    "POST",
    "",
    "Save a question",
    who="editor",
    status=201,
    examples=EXAMPLES,
    shown=_ONE,
    refusals=REFUSALS,
)
async def create_question(
    asking: Asking,
    sent: InEnvironment,
    body: QuestionBody,
) -> QuestionAnswer:
    """It belongs to the environment that is asked for. Only what its report would answer is
    saved."""
    await check(asking, body.surface, body.query, body.range)
    check_view(body.view)
    made = await run_in_threadpool(
        asking.registry.create_question,
        asking.scope,
        asking.reader.called,
        body.name,
        body.surface,
        body.query,
        body.range,
        body.view,
    )
    return QuestionAnswer(question=shown(made))


@routes.add("GET", "/{question_id}", "One saved question", shown=_ONE, refusals=REFUSALS)
async def show_question(asking: Asking, sent: OneQuestion) -> QuestionAnswer:
    """What is asked, how it is shown, and which boards it is on."""
    find = asking.registry.find_question
    return QuestionAnswer(
        question=shown(await run_in_threadpool(find, asking.scope, sent.question_id))
    )


@routes.add(
    "PATCH",
    "/{question_id}",
    "Change a saved question",
    who="editor",
    examples=_CHANGES,
    shown=_ONE,
    refusals=REFUSALS,
)
async def change_question(
    asking: Asking, sent: OneQuestion, body: QuestionChange
) -> QuestionAnswer:
    """What is left out stays; the report always does. Boards show it as it is now."""
    registry = asking.registry
    if body.query is not UNSET or body.range is not UNSET:
        before = await run_in_threadpool(registry.find_question, asking.scope, sent.question_id)
        query = before.query if body.query is UNSET else body.query
        range_ = before.range if body.range is UNSET else body.range
        await check(asking, before.surface, query, range_)
    if body.view is not UNSET:
        check_view(body.view)
    changed = await run_in_threadpool(
        registry.change_question,
        asking.scope,
        sent.question_id,
        asking.reader.called,
        name=body.name,
        query=body.query,
        range_=body.range,
        view=body.view,
    )
    return QuestionAnswer(question=shown(changed))


@routes.add(
    "DELETE",
    "/{question_id}",
    "Delete a saved question",
    who="editor",
    shown={"deleted": {"ok": True, "boards": ["Morning"]}},
    refusals=REFUSALS,
)
async def delete_question(asking: Asking, sent: OneQuestion) -> TakenOff:
    """It is taken off the boards that it is on: the answer has their names."""
    delete = asking.registry.delete_question
    return TakenOff(boards=await run_in_threadpool(delete, asking.scope, sent.question_id))
