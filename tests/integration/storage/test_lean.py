import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import sys
from whipstitch.storage.store import Store

store = Store.open(sys.argv[1], durable=False, retention_days=0)
assert store.query("SELECT 1") == [(1,)]
print(sorted({"numpy", "pandas", "pyarrow"} & set(sys.modules)), flush=True)
import pandas
print(pandas.DataFrame({"a": [1]}).to_dict())
store.close()
"""


def test_the_storage_takes_no_library_for_data_frames_in_and_keeps_none_out(tmp_path: Path) -> None:
    program = [sys.executable, "-c", _PROGRAM, f"chdb://{tmp_path}"]

    ran = subprocess.run(program, capture_output=True, text=True, timeout=60, check=True)

    assert ran.stdout.splitlines()[-2:] == ["[]", "{'a': {0: 1}}"]
