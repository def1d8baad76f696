"""What is printed costs what its length costs: twice the lines, twice the time."""

import json
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from mlops_nb.engine.kernel import Outputs
from mlops_nb.engine.kernels import messages

# Whoever is orphaned comes to this process, so that the seconds of a kernel that nobody waits for are counted too.
CPU_SECONDS = """
import ctypes, os, resource, subprocess, sys
ctypes.CDLL(None).prctl(36, 1)
subprocess.run(sys.argv[1:], stdout=sys.stderr, check=True)
try:
    while os.wait(): pass
except ChildProcessError: pass
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime)
"""
PRINTS = "import sys\nfor i in range(100_000): print('iteration', i, 'loss 0.123456789', file=sys.{})"


def test_forty_thousand_lines_are_kept_in_a_moment():
    outputs = Outputs()
    outputs.cells.append([])
    began = time.process_time()
    for line in range(40_000):
        outputs.text("stdout", f"iteration {line} loss 0.123456789 auc 0.987654321 lr 0.001 time 12.3s eta 45.6s")
        outputs.text("stdout", "\n")
    text = outputs.of_cell(0)[0]["text"]
    assert time.process_time() - began < 3
    assert text.count("\n") == 40_000 and text.startswith("iteration 0 ")


def test_a_long_message_is_received_in_a_moment():
    ours, theirs = socket.socketpair()
    line = json.dumps({"outputs": "x" * 100_000_000}).encode() + b'\n{"count": 1}\n'
    sender = threading.Thread(target=lambda: (theirs.sendall(line), theirs.close()))
    sender.start()
    began = time.process_time()
    received = list(messages(SimpleNamespace(connection=ours, process=None), every=10))
    ours.close()
    assert time.process_time() - began < 3
    assert [list(message) for message in received] == [["outputs"], ["count"]]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="orphans are Linux's to give away")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_many_lines_cost_at_most_twice_what_plain_papermill_takes(tmp_path, stream):
    for folder in (".git", ".dvc", "plain"):
        (tmp_path / folder).mkdir()
    (tmp_path / "dvc.yaml").write_text("stages: {toy: {cmd: papermill, deps: [toy.ipynb], outs: [runs/toy.ipynb]}}")
    python = {"kernelspec": {"display_name": "python3", "language": "python", "name": "python3"}}
    notebook = new_notebook(cells=[new_code_cell(PRINTS.format(stream), id="cell")], metadata=python)
    nbformat.write(notebook, tmp_path / "toy.ipynb")
    papermill = [sys.executable, "-c", CPU_SECONDS, sys.executable, "-m", "papermill", "--no-progress-bar", "toy.ipynb"]
    seconds = [float(subprocess.run([*papermill, *rest], cwd=tmp_path, capture_output=True, check=True).stdout)
               for rest in (["runs/toy.ipynb", "--engine", "stage"], ["plain/toy.ipynb"])]
    assert seconds[0] < 2 * seconds[1]
