"""Write seed.json from the hand-written scenario: run `python schemas/packs/helpdesk/generate.py`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
START = datetime(2030, 6, 3, 8, 0, tzinfo=UTC)
DONE = ("solved", "closed")

Row = dict[str, Any]


def main() -> None:
    """Write the seed beside the pack."""
    (HERE / "seed.json").write_text(text_of(seed()), "utf-8")


def seed() -> dict[str, list[Row]]:
    """The seed rows of every entity."""
    cast = cast_of(scenario("people"))
    return cast | conversations(scenario("tickets"), cast)


def text_of(rows: dict[str, list[Row]]) -> str:
    """JSON with a line for each row."""
    blocks = []
    for entity, items in rows.items():
        lines = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in items)
        blocks.append(f'  "{entity}": [\n{lines}\n  ]')
    return '{"seed": {\n' + ",\n".join(blocks) + "\n}}\n"


def scenario(part: str) -> Any:
    """One file of the scenario."""
    return yaml.safe_load((HERE / "scenario" / f"{part}.yaml").read_text("utf-8"))


def cast_of(people: Any) -> dict[str, list[Row]]:
    """Everybody and everything that is there before the first ticket."""
    return {
        "sla_policy": [{**policy, "targets": targets_of(policy["targets"])} for policy in people["sla_policies"]],
        "organization": [
            {
                "id": organization["id"],
                "name": organization["name"],
                "domains": organization["domains"],
                "tier": organization["tier"],
                "parent_id": organization.get("parent_id"),
                "sla_policy_id": organization.get("sla_policy_id"),
                "notes": organization["notes"],
                "created_at": ago(organization["age"]),
            }
            for organization in people["organizations"]
        ],
        "user": [
            {
                "id": key,
                "name": name,
                "email": email,
                "phone": phone,
                "organization_id": organization,
                "locale": locale,
                "suspended": key in people["suspended"],
                "created_at": ago(2400 - 7 * n),
            }
            for n, (key, name, email, phone, organization, locale) in enumerate(people["users"])
        ],
        "group": people["groups"],
        "agent": [
            {
                "id": key,
                "name": name,
                "email": f"{name.lower().replace(' ', '.')}@larkfield.example",
                "role": role,
                "active": key not in people["inactive"],
                "group_ids": groups,
                "capacity": capacity,
            }
            for key, name, role, groups, capacity in people["agents"]
        ],
        "tag": [{"name": name, "description": description} for name, description in people["tags"].items()],
        "macro": [
            {
                "id": macro["id"],
                "title": macro["title"],
                "active": macro.get("active", True),
                "group_id": macro.get("group_id"),
                "set_status": macro.get("set_status"),
                "set_priority": macro.get("set_priority"),
                "add_tags": macro["add_tags"],
                "body": macro["body"],
                "public": macro.get("public", True),
            }
            for macro in people["macros"]
        ],
    }


def targets_of(targets: dict[str, list[int]]) -> list[Row]:
    """The targets of a policy, one object for each priority."""
    return [
        {"priority": priority, "first_response_minutes": response, "resolution_minutes": resolution}
        for priority, (response, resolution) in targets.items()
    ]


def conversations(stories: list[Row], cast: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Tickets with what follows from them: comments in the order in which they were written, and ratings."""
    keys = {story["ref"]: ticket_key(n) for n, story in enumerate(stories, 1) if "ref" in story}
    tickets: list[Row] = []
    comments: list[Row] = []
    ratings: list[Row] = []
    for n, story in enumerate(stories, 1):
        written = comments_of(story, ticket_key(n))
        ticket = ticket_of(story, ticket_key(n), written, cast, keys)
        tickets.append(ticket)
        comments += written
        if "rating" in story:
            ratings.append(rating_of(story, ticket))
    comments.sort(key=lambda comment: comment["created_at"])
    ratings.sort(key=lambda rating: rating["created_at"])
    return {
        "ticket": tickets,
        "comment": [{"id": f"CMT-{n:06}", **comment} for n, comment in enumerate(comments, 1)],
        "rating": [{"id": f"RAT-{n:04}", **rating} for n, rating in enumerate(ratings, 1)],
    }


def comments_of(story: Row, ticket: str) -> list[Row]:
    """The thread of one ticket."""
    return [comment_of(story, ticket, entry) for entry in story["thread"]]


def comment_of(story: Row, ticket: str, entry: list[Any]) -> Row:
    """One message: `user`, `agent` (the assignee), `note` (the assignee, internally) or an agent's id speaks."""
    hours, who, body, *files = entry
    by_user = who == "user"
    return {
        "ticket_id": ticket,
        "author": "requester" if by_user else "agent",
        "agent_id": None if by_user else story["to"] if who in ("agent", "note") else who,
        "user_id": story["from"] if by_user else None,
        "public": who in ("user", "agent"),
        "body": body,
        "attachments": [{"file_name": name, "size_bytes": size} for name, size in files],
        "created_at": ago(story["ago"] - hours),
    }


def ticket_of(story: Row, key: str, written: list[Row], cast: dict[str, list[Row]], keys: dict[str, str]) -> Row:
    """One ticket; its times follow from its thread and from the service level of its organization."""
    user = next(user for user in cast["user"] if user["id"] == story["from"])
    organization = next((o for o in cast["organization"] if o["id"] == user["organization_id"]), {})
    wanted = organization.get("sla_policy_id") or "SLA-01"
    policy = next(policy for policy in cast["sla_policy"] if policy["id"] == wanted)
    priority = story.get("priority", "normal")
    target = next(target for target in policy["targets"] if target["priority"] == priority)
    answers = [comment["created_at"] for comment in written if comment["author"] == "agent" and comment["public"]]
    last = written[-1]["created_at"] if written else ago(story["ago"])
    return {
        "id": key,
        "subject": story["subject"],
        "description": story["text"],
        "type": story["type"],
        "status": story["status"],
        "priority": priority,
        "channel": story["channel"],
        "requester_id": user["id"],
        "organization_id": user["organization_id"],
        "assignee_id": story.get("to"),
        "group_id": story.get("in"),
        "follower_ids": followers_of(story, cast),
        "tags": story["tags"],
        "problem_id": keys.get(story.get("cause", "")),
        "merged_into_id": keys.get(story.get("merged", "")),
        "sla_policy_id": policy["id"],
        "first_response_due": ago(story["ago"] - target["first_response_minutes"] / 60),
        "resolution_due": ago(story["ago"] - target["resolution_minutes"] / 60),
        "first_responded_at": answers[0] if answers else None,
        "solved_at": (answers[-1] if answers else last) if story["status"] in DONE else None,
        "escalation_level": story.get("level", 0),
        "reopen_count": story.get("reopened", 0),
        "created_at": ago(story["ago"]),
        "updated_at": last,
    }


def followers_of(story: Row, cast: dict[str, list[Row]]) -> list[str]:
    """An escalated ticket is followed by the lead of its group."""
    if "level" not in story:
        return []
    return [agent["id"] for agent in cast["agent"] if agent["role"] == "lead" and story["in"] in agent["group_ids"]]


def rating_of(story: Row, ticket: Row) -> Row:
    """The rating of a ticket, two hours after its solution."""
    score, remark = story["rating"]
    moment = datetime.fromisoformat(ticket["solved_at"]) + timedelta(hours=2)
    return {
        "ticket_id": ticket["id"],
        "user_id": ticket["requester_id"],
        "agent_id": ticket["assignee_id"],
        "score": score,
        "remark": remark,
        "created_at": iso(moment),
    }


def ticket_key(n: int) -> str:
    """The key of the n-th ticket."""
    return f"TKT-{n:05}"


def ago(hours: float) -> str:
    """The moment so many hours before the world's clock starts."""
    return iso(START - timedelta(minutes=round(hours * 60)))


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    main()
