"""A run that an older version began is gone on with: new columns join the old ones."""

import sqlite3
from pathlib import Path

from inertial.training.records import TABLES, Records


def test_columns_that_an_older_version_lacks_are_added(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    old = TABLES["steps"].split(", alignment")[0]
    base = sqlite3.connect(path)
    base.execute(f"CREATE TABLE steps ({old})")
    base.execute("INSERT INTO steps (step, loss) VALUES (1, 0.5)")
    base.commit()
    base.close()
    records = Records(path)
    count = len(TABLES["steps"].split(", "))
    records.add("steps", *range(2, 2 + count))
    records.commit()
    rows = records.ask("SELECT step, loss, alignment, not_finite FROM steps")
    records.close()
    assert rows == [(1, 0.5, None, None), (2, 5.0, 16.0, 18)]
