"""``/api/v1/questions``: what people ask again and again."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Body, Request, Response
from fastapi.concurrency import run_in_threadpool

from whipstitch.registry.values import KEEP
from whipstitch.web.api.asking import CancellableRoute
from whipstitch.web.api.cohort_validation import COHORTS_EXIST
from whipstitch.web.api.kept import CHANGES, REFUSALS, as_json, example, registry_of
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
from whipstitch.web.api.reading import CurrentScope, CurrentZone
from whipstitch.web.auth.access import CurrentEditor

router = APIRouter(
    prefix="/api/v1/questions",
    tags=["questions"],
    route_class=CancellableRoute,
    dependencies=[COHORTS_EXIST],
)

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
_ONE: Final = example({"ok": True, "question": SHOWN})


class QuestionsAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    questions: list[QuestionShown]


class QuestionAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    question: QuestionShown


class TakenOff(msgspec.Struct, kw_only=True):
    ok: bool = True
    boards: list[str]


@router.get(
    "",
    summary="Saved questions, oldest first",
    response_class=Response,
    responses={200: example({"ok": True, "questions": [SHOWN]}), **REFUSALS},
)
async def list_questions(request: Request, scope: CurrentScope) -> Response:
    """All saved questions of the environment."""
    found = await run_in_threadpool(registry_of(request).list_questions, scope)
    return as_json(QuestionsAnswer(questions=[shown(one) for one in found]))


@router.post(
    "",
    status_code=201,
    summary="Save a question",
    response_class=Response,
    responses={201: _ONE, **CHANGES},
)
async def create_question(
    request: Request,
    editor: CurrentEditor,
    scope: CurrentScope,
    zone: CurrentZone,
    body: Annotated[QuestionBody, Body(openapi_examples=EXAMPLES)],
) -> Response:
    """It belongs to the environment that is asked for. Only what its surface would answer is
    saved."""
    check(body.surface, body.query, body.range, zone)
    check_view(body.view)
    made = await run_in_threadpool(
        registry_of(request).create_question,
        scope,
        editor.called,
        body.name,
        body.surface,
        body.query,
        body.range,
        body.view,
    )
    return as_json(QuestionAnswer(question=shown(made)), 201)


@router.get(
    "/{question_id}",
    summary="One saved question",
    response_class=Response,
    responses={200: _ONE, **REFUSALS},
)
async def show_question(request: Request, scope: CurrentScope, question_id: str) -> Response:
    """What is asked, how it is shown, and which boards it is on."""
    found = await run_in_threadpool(registry_of(request).find_question, scope, question_id)
    return as_json(QuestionAnswer(question=shown(found)))


@router.patch(
    "/{question_id}",
    summary="Change a saved question",
    response_class=Response,
    responses={200: _ONE, **CHANGES},
)
async def change_question(
    request: Request,
    editor: CurrentEditor,
    scope: CurrentScope,
    zone: CurrentZone,
    question_id: str,
    body: Annotated[QuestionChange, Body(openapi_examples=_CHANGES)],
) -> Response:
    """What is left out stays; the surface always does. Boards show it as it is now."""
    registry = registry_of(request)
    sent = body.model_fields_set
    if sent & {"query", "range"}:
        kept = await run_in_threadpool(registry.find_question, scope, question_id)
        query = body.query if "query" in sent else kept.query
        check(kept.surface, query, body.range if "range" in sent else kept.range, zone)
    check_view(body.view)
    changed = await run_in_threadpool(
        registry.change_question,
        scope,
        question_id,
        editor.called,
        name=body.name if "name" in sent else KEEP,
        query=body.query if "query" in sent else KEEP,
        range_=body.range if "range" in sent else KEEP,
        view=body.view if "view" in sent else KEEP,
    )
    return as_json(QuestionAnswer(question=shown(changed)))


@router.delete(
    "/{question_id}",
    summary="Delete a saved question",
    response_class=Response,
    responses={200: example({"ok": True, "boards": ["Morning"]}), **CHANGES},
)
async def delete_question(
    request: Request, _: CurrentEditor, scope: CurrentScope, question_id: str
) -> Response:
    """It is taken off the boards that it is on: the answer has their names."""
    names = await run_in_threadpool(registry_of(request).delete_question, scope, question_id)
    return as_json(TakenOff(boards=names))
