#!/usr/bin/env bash
# Run once by Gradescope, as root, when the autograder's image is built.
set -euo pipefail

apt-get update
apt-get install -y --no-install-recommends python3-pip util-linux libseccomp2
id student >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin student

# The image's Python where it is new enough, else one of our own, in a place that the
# student's user can read; PyTorch without CUDA.
export PIP_BREAK_SYSTEM_PACKAGES=1 UV_PYTHON_INSTALL_DIR=/opt/python UV_TORCH_BACKEND=cpu
pip3 install --quiet uv
uv venv --python '>=3.11,<3.14' /opt/layerwise
uv pip install --quiet --python /opt/layerwise/bin/python \
  -c /autograder/source/layerwise/constraints.txt \
  -r /autograder/source/layerwise/requirements.txt

bash /autograder/source/layerwise/close.sh
