"""Equipment: what an asset tag is, and who carries what."""

import pytest

from portal.accounts.models import ClearanceLevel
from tests.factories import a_draft
from tests.travel.sections.answers import refused, rows, save
from travel import actions

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("tag", "kept"), [("moj-104233", "MOJ-104233"), (" 104 233 ", "104233"), ("AB/1234", "AB/1234")]
)
def test_an_asset_tag_is_kept_as_it_is_printed(asker, cast, tag, kept):
    trip = a_draft(cast.traveller)

    save(asker, trip, "equipment", rows({"kind": "laptop", "make": "Dell", "asset_tag": tag}))

    assert trip.equipment.get().asset_tag == kept


@pytest.mark.parametrize("tag", ["my laptop", "???", "12", "A" * 30 + "1", "<b>1</b>", "٣٤٥٦"])
def test_an_asset_tag_that_is_not_one_is_refused_and_kept_in_its_box(asker, cast, tag):
    trip = a_draft(cast.traveller)

    shown = refused(
        save(asker, trip, "equipment", rows({"kind": "laptop", "make": "Dell", "asset_tag": tag})),
        "Asset tag must be 4 to 20 letters, numbers, hyphens or slashes, with at least one number, like MOJ-104233",
    )

    assert shown.held["rows-0-asset_tag"] == tag
    assert trip.equipment.get().asset_tag == "MOJ-104233"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"kind": ""}, "Select what it is"),
        ({"kind": "boat"}, "Select an answer from the list"),
        ({"make": ""}, "Enter the make and model"),
        ({"make": "x" * 10_000}, "Make and model must be 80 characters or fewer"),
        ({"asset_tag": ""}, "Enter the asset tag"),
        ({"asset_tag": "1" * 10_000}, "Asset tag must be 200 characters or fewer"),
    ],
)
def test_equipment_that_cannot_be_used_is_refused(asker, cast, row, message):
    trip = a_draft(cast.traveller)
    fine = {"kind": "laptop", "make": "Dell", "asset_tag": "MOJ-1042"}

    refused(save(asker, trip, "equipment", rows(fine | row)), message)


def test_the_same_asset_tag_twice_is_refused(asker, cast):
    trip = a_draft(cast.traveller)
    one = {"kind": "laptop", "make": "Dell", "asset_tag": "MOJ-1042"}

    refused(
        save(asker, trip, "equipment", rows(one, one | {"asset_tag": "moj-1042"})),
        "Item 2: This asset tag is already in the list",
    )


def test_in_a_party_each_thing_has_somebody_who_carries_it(asker, cast):
    trip = a_draft(cast.traveller)
    actions.add_traveller(trip, cast.colleague, position=1, stated=ClearanceLevel.objects.get(key="sc"))
    thing = {"kind": "laptop", "make": "Dell", "asset_tag": "MOJ-1042", "carried_by": ""}

    refused(save(asker, trip, "equipment", rows(thing)), "Select who carries it")
    refused(
        save(asker, trip, "equipment", rows(thing | {"carried_by": str(cast.manager.pk)})),
        "Select an answer from the list",
    )
    save(asker, trip, "equipment", rows(thing | {"carried_by": str(cast.colleague.pk)}))

    assert trip.equipment.get().carried_by == cast.colleague
