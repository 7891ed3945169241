"""Does what gunicorn calls have room for its frames?"""

import resource

from portal.wsgi import with_room

TURNS = 500
DEPTHS = range(200)


def leaf() -> None:
    """A call whose frame is large enough to meet the edge of a chunk at some of the depths."""


leaf.__code__ = leaf.__code__.replace(co_stacksize=200)


def loop(environ, start_response) -> list[bytes]:
    for _ in range(TURNS):
        leaf()
    return []


def page_faults_at(depth: int, application) -> int:
    """How often the operating system had to hand out memory while the application ran at this depth of the stack."""
    if depth:
        return page_faults_at(depth - 1, application)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    application({}, None)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_a_loop_asks_for_memory_at_each_turn_where_a_chunk_of_frames_ends():
    most = max(page_faults_at(depth, loop) for depth in DEPTHS)

    assert most >= TURNS


def test_a_loop_with_room_asks_for_memory_once_at_any_depth():
    most = max(page_faults_at(depth, with_room(loop)) for depth in DEPTHS)

    assert most < TURNS / 10
