"""What is each stage asked about this trip, in words?  For whoever asks, before submitting, and for whoever decides.

Nobody approves a holiday (Q3), and nobody is asked about equipment or services that the trip does without.
"""

from travel.models import Trip


def taking(trip: Trip, equipment: str, services: str) -> str:
    """Name what is taken and used, in these words; "" for a trip that does without."""
    return " and ".join(
        words for words, is_so in ((equipment, trip.takes_equipment), (services, trip.uses_services)) if is_so
    )


def sees(trip: Trip, stage: str) -> str:
    """What this stage sees and is asked, for the requester (R10, R52-R53, R56-R59)."""
    what = taking(trip, "taking the equipment", "using the services")
    if stage == "operational_security":
        answers = "answers" if trip.is_personal else "approvals"
        return f"Gets a copy of the request and of all {answers}, and acknowledges it."
    if stage == "moj_security":
        if not trip.is_personal:
            return "Sees the whole request with the answers given before, and decides."
        decides = f" decides about {what}," if what else ""
        return f"Sees the whole request with the answers given before, notes it,{decides} and may call for a briefing."
    special = ", and for special considerations" if stage == "senior" else ""
    if trip.is_personal:
        return (
            f"Is told of the trip and notes it. Is asked to approve {what}{special}."
            if what
            else ("Is told of the trip and notes it.")
        )
    if stage == "line_manager" and what:
        both = ", both" if trip.takes_equipment and trip.uses_services else ""
        need = taking(trip, "to take the equipment", "to use the services")
        return f"Is asked to confirm the business need{both} {need}."
    return f"Is asked to approve {what or 'the trip'}{special}."


def part(trip: Trip, stage: str) -> str:
    """What exactly whoever decides at this stage is asked to confirm."""
    may = taking(trip, "whether equipment may be taken", "whether services may be used")
    nothing = "" if may else " No equipment is taken and no services are used."
    if stage == "operational_security":
        answers = "answers" if trip.is_personal else "approvals"
        return (
            f"All {answers} are in. Acknowledge that you have received the request and its {answers}, or ask about "
            "them. The process is complete when you acknowledge."
        )
    if stage == "moj_security":
        notes = "Take note of the trip, and say whether a briefing is needed. " if trip.is_personal else ""
        return (
            f"Judge the whole request, with the answers given so far. {notes}Add conditions and controls where needed."
        )
    says = f"say {may}" if may else ""
    if trip.is_personal:
        says = f"take note of the trip, and {says}" if says else "take note of the trip"
    elif stage == "line_manager" and may:
        says = "confirm whether there is a business need for what is taken and used"
    says = says or "say whether the trip can go ahead"
    if stage == "line_manager":
        return f"As line manager, {says}.{nothing}"
    return f"{says[:1].upper()}{says[1:]}, and add anything special about this trip.{nothing}"
