"""kill -9 of the responder, Alertmanager and Prometheus at random moments of an escalation that nobody acknowledges."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.end_to_end import besieged

from featurewatch.tools.alertmanager import Launch
from featurewatch.tools.toolbox import Tools

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]

KILLS = int(os.environ.get("FEATUREWATCH_KILLS", "51"))
"""In all; three in each story, one of each part."""

AT_ONCE = 3
"""Chains that live side by side, each with stories one after the other."""

SEED = int(os.environ.get("FEATUREWATCH_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)


def test_every_level_is_told_and_ends_whoever_is_killed_at_whatever_moment(
    tmp_path: Path, tools: Tools, alertmanager_launch: Launch
) -> None:
    stories = -(-KILLS // 3)
    shares = [stories // AT_ONCE + (number < stories % AT_ONCE) for number in range(AT_ONCE)]

    def tell(number: int) -> list[str]:
        chance, faults = random.Random(f"{SEED} {number}"), list[str]()
        if not shares[number]:
            return faults
        with besieged.siege(tmp_path / str(number), tools, alertmanager_launch) as siege:
            for _ in range(shares[number]):
                kills = besieged.kills(chance)
                try:
                    told = siege.story(kills)
                except (AssertionError, httpx.HTTPError) as error:
                    return [*faults, f"{kills}: {error}"]
                # One kill of Alertmanager may make it forget what it has just sent; a second message is the price.
                faults += [f"{kills}: {who} {n} times" for who, n in told.items() if not 1 <= n <= 2]
            faults += [f"lost: {one}" for one in siege.lost()]
        return faults

    with ThreadPoolExecutor(AT_ONCE) as pool:
        faults = [fault for found in pool.map(tell, range(AT_ONCE)) for fault in found]
    assert not faults, f"FEATUREWATCH_SEED={SEED}\n" + "\n".join(faults)
