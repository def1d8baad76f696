"""Why each pin of the engine is there: a piece of work whose bytes it decides, and what other computers make of it."""

import json
import os
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from clones import PROJECT
from mlops_nb.engine.pins import PINS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(platform.machine() != "x86_64" or sys.platform != "linux",
                       reason="equal bytes are promised on x86-64 Linux"),
]

# Pin: what another CPU, or another user's environment, would have in its place; the library that heeds it; the work.
WHY = {
    # a set of texts is walked through in the order of their hashes, which Python seeds anew in every process
    "PYTHONHASHSEED": ("1", "python", "' '.join({'amount', 'channel', 'terminal', 'time'})"),
    # a moment becomes a time of day (India's clock, written so that it needs no table of time zones)
    "TZ": ("IST-5:30", "python", "time.ctime(0)"),
    # a child process counts letters; in C each byte is one
    "LC_ALL": ("C", "python", "subprocess.run(['wc', '-m'], input='é', capture_output=True, text=True).stdout"),

    # exp and log differ in the last bit, and a sort that need not keep the order of equals does not keep it alike
    "NPY_DISABLE_CPU_FEATURES": ("X86_V3 X86_V4 AVX512_ICL AVX512_SPR", "numpy",
                                 "np.exp(X), np.log(X.astype('float32')), np.argsort(np.arange(10_000) % 9)"),
    # each thread adds up its share
    "OPENBLAS_NUM_THREADS": ("2", "scikit-learn", "X.ravel() @ X.ravel(), ddot(X.ravel(), X.ravel())"),
    # every kind of CPU has its own order of adding
    "OPENBLAS_CORETYPE": ("Nehalem", "scikit-learn",
                          "LogisticRegression().fit(X, y).coef_, ddot(X.ravel(), X.ravel())"),
    # scikit-learn shares out its own loops by OpenMP
    "OMP_NUM_THREADS": ("2", "scikit-learn", "KMeans(5, n_init=1, random_state=0).fit(X).cluster_centers_"),

    # torch takes its number of threads from MKL (first of torch's rows: a NeuralNetwork sets it to one)
    "MKL_NUM_THREADS": ("2", "torch", "torch.from_numpy(X).float().sum().numpy()"),
    # MKL multiplies matrices by the CPU it finds
    "MKL_CBWR": ("AUTO", "torch", "weights(NeuralNetwork(epochs=1).fit(X[:2000], y[:2000]).network_)"),
    # and takes square roots, of which Adam is made, by rsqrtps, an approximation that every maker builds in its own way
    "MKL_VML_DEBUG_CPU_TYPE": ("0", "torch", "weights(NeuralNetwork(epochs=1).fit(X[:2000], y[:2000]).network_)"),
    # torch's loops for the loss and its gradient
    "ATEN_CPU_CAPABILITY": ("default", "torch", "weights(NeuralNetwork(epochs=1).fit(X[:2000], y[:2000]).network_)"),
    # an LSTM is oneDNN's, a GRU is not
    "ONEDNN_MAX_CPU_ISA": ("SSE41", "torch", "gradients(torch.nn.LSTM(15, 32))"),
}

# What is pinned by nothing, because no value of the environment was seen to move it.
STEADY = {
    "GRU": ("torch", "gradients(torch.nn.GRU(15, 32))"),
    "XGBoost": ("xgboost",
                "bytes(XGBClassifier(n_estimators=5, n_jobs=1).fit(X[:2000], y[:2000]).get_booster().save_raw())"),
    "ONNX Runtime": ("onnxruntime", "scores(NeuralNetwork(epochs=1).fit(X[:2000], y[:2000]))"),
}
WORK = {name: (library, work) for name, (_, library, work) in WHY.items()} | STEADY

NUMPY = """
import numpy as np
X = np.random.RandomState(0).random_sample((7000, 15))
y = X[:, 0] + X[:, 1] * X[:, 2] > 0.9
"""
TORCH = NUMPY + """
import torch
from mlops_nb.models.neural_network import Model as NeuralNetwork
torch.manual_seed(0)

def weights(network):
    return [weight.detach().numpy() for weight in network.parameters()]

def gradients(network):
    network(torch.from_numpy(X[:2000].astype("float32")).reshape(20, 100, 15))[0].sum().backward()
    return [weight.grad.numpy() for weight in network.parameters()]
"""
LIBRARIES = {
    "python": "import subprocess, time",
    "numpy": NUMPY,
    "scikit-learn": NUMPY + """
from scipy.linalg.blas import ddot
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
""",
    "torch": TORCH,
    "xgboost": NUMPY + "from xgboost import XGBClassifier",
    "onnxruntime": TORCH + """
from onnxruntime import InferenceSession
from mlops_nb.training.conversion import as_onnx

def scores(model):
    graph = as_onnx(model, [f"feature_{number}" for number in range(15)])
    session = InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], {session.get_inputs()[0].name: X.astype("float32")})
""",
}
SHOWN = """
import hashlib, json, pickle
print(json.dumps({name: hashlib.md5(pickle.dumps(eval(work))).hexdigest() for name, work in WORK.items()}))
"""


@cache
def answers(
    library: str,
    *changed: tuple[str, str], # pins, or other variables, with other values
    emulator: tuple[str, ...] = (), # a command that runs a command
    user: tuple[tuple[str, str], ...] = (), # the user's own environment
) -> dict[str, str]:
    """Return the hash of each piece of work of a library, done in a new process under the pins."""
    work = {name: work for name, (its_library, work) in WORK.items() if its_library == library}
    code = f"{LIBRARIES[library]}\nWORK = {work}\n{SHOWN}"
    env = {"PATH": os.environ["PATH"]} | dict(user) | PINS | dict(changed)
    done = subprocess.run([*emulator, sys.executable, "-c", code], env=env, cwd=PROJECT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_pin_has_its_reason():
    assert WHY.keys() == PINS.keys()


@pytest.mark.parametrize("pin", WHY)
def test_a_pin_decides_bytes(pin):
    elsewhere, library, _ = WHY[pin]
    if elsewhere == "2" and len(os.sched_getaffinity(0)) == 1:
        pytest.skip("two threads need two cores")
    assert answers(library, (pin, elsewhere))[pin] != answers(library)[pin]


# What the same libraries read besides, or read where the pin is absent.
ANOTHER_USER = (("LANG", "de_DE.UTF-8"), ("DNNL_MAX_CPU_ISA", "SSE41"), ("GOTO_NUM_THREADS", "2"),
                ("MKL_DYNAMIC", "FALSE"), ("MKL_ENABLE_INSTRUCTIONS", "SSE4_2"), ("OMP_DYNAMIC", "TRUE"),
                *((pin, elsewhere) for pin, (elsewhere, *_) in WHY.items()))


@pytest.mark.parametrize("library", ["python", "numpy", "scikit-learn", "torch"])
def test_another_user_gets_the_same_bytes(library):
    assert answers(library, user=ANOTHER_USER) == answers(library)


def test_mkl_gives_intel_and_amd_the_same_bytes_under_its_pin_alone(tmp_path):
    compiler = shutil.which("cc") or pytest.skip("no C compiler, which makes MKL take this CPU for another maker's")
    intel = int("GenuineIntel" not in Path("/proc/cpuinfo").read_text())
    names = ("mkl_serv_intel_cpu_true", "mkl_serv_intel_cpu")
    source = "".join(f"int {name}(void) {{ return {intel}; }}\n" for name in names)
    compile_it = [compiler, "-shared", "-x", "c", "-", "-o", tmp_path / "maker.so"]
    subprocess.run(compile_it, input=source, text=True, check=True)
    loaded, unpinned = ("LD_PRELOAD", str(tmp_path / "maker.so")), ("MKL_CBWR", "AUTO")
    assert answers("torch", loaded) == answers("torch")
    assert answers("torch", loaded, unpinned)["MKL_CBWR"] != answers("torch", unpinned)["MKL_CBWR"]


# A whole other CPU, in software: what no pin reaches would be seen here too, such as an approximation of one maker's.
@pytest.mark.long
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("cpu", ["Haswell", "EPYC-Rome"])
def test_another_cpu_gives_the_same_bytes(cpu, library):
    qemu = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
    if not qemu:
        pytest.skip("no qemu-x86_64 (package qemu-user)")
    version = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    if int(version.split(".")[0]) < 10:
        pytest.skip(f"qemu-x86_64 {version} computes AVX2 wrongly: 10 is needed")
    assert answers(library, emulator=(qemu, "-cpu", cpu)) == answers(library)
