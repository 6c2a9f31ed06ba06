"""`bench/grow/run`: that it measures a curve, goes on where it was, and draws."""
import json
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import MILLHAND, ROOT


@pytest.mark.skipif(not shutil.which('cc'), reason='there is no C compiler')
def test_a_curve_is_measured_once_and_drawn(tmp_path):
    found, drawn = tmp_path / 'found.json', tmp_path / 'curves.svg'
    command = [ROOT / 'bench/grow/run', '--quick', '--stores', 'sqlite', '--curves', 'types',
               '--build', Path(MILLHAND).resolve().parent, '--json', found, '--svg', drawn]
    first = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    records = [json.loads(line) for line in found.read_text().splitlines()]
    assert [(one['point'], one['half']) for one in records] == [
        (1, 'dispatch'), (1, 'drain'), (5, 'dispatch'), (5, 'drain')]
    assert len(ElementTree.parse(drawn).findall('.//{*}polyline')) == 2
    again = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert again.stdout == first.stdout and len(found.read_text().splitlines()) == len(records)
