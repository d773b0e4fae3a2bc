"""The figures of the responder are about what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from featurewatch.bench import responder
from featurewatch.responder.database import open_database


@pytest.mark.long
def test_everything_that_was_accepted_is_in_the_history_and_a_page_of_it_is_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'history.db'}"
    with responder.running(url, tmp_path) as client:
        result = responder.intake(client, rate=1000, seconds=4)
        assert result.refused == 0
        assert result.sent == 2000
        assert responder.counted(url) == (2000, 4000)
        assert len(result.seconds) == 40
        database = open_database(url)
        responder.fill(database, 20_000)
        database.close()
        assert responder.counted(url) == (10_000, 20_000)
        assert responder.page_seconds(client, {"severity": "high"}) > 0
