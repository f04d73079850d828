"""A class on one machine: `jupyterhub -f deploy/jupyterhub_config.py`, as root.

Made for an environment with `pip install "labkit[hub]"` (or the wheel of it) that all students can
read, `configurable-http-proxy` from npm, and a system account for each student.
"""

import os
import sys
from pathlib import Path

from labkit.course import lab_server

SHARE = Path(os.environ.get("LABKIT_SHARE", "/srv/labkit"))  # read-only for students

c = get_config()  # noqa: F821
c.Authenticator.allow_all = True  # every account here; for some only, allowed_users instead
python = Path(sys.executable).parent
start = 'labkit start --no-launch --dir "$HOME/my-labs"; exec jupyterhub-singleuser "$@"'
c.Spawner.cmd = ["/bin/sh", "-c", f'PATH="{python}:$PATH"; {start}', "labkit"]  # as the student
c.Spawner.default_url = "/lab/tree/my-labs/00_start_here.ipynb"
c.Spawner.environment = {
    **lab_server.environment(edition="student", projector=False, base={}),
    "OMP_NUM_THREADS": "2",  # else each of 40 kernels takes all cores
    "LABKIT_DATA": str(SHARE / "data"),  # made once: labkit fetch all --dir /srv/labkit/data
}
c.Spawner.args = [  # a kernel left alone for an hour ends; what was saved stays
    "--MappingKernelManager.cull_idle_timeout=3600",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
]
c.Spawner.mem_limit, c.Spawner.cpu_limit = "3G", 2  # held by SystemdSpawner, Docker and Kubernetes
c.Spawner.start_timeout = c.Spawner.http_timeout = 120  # seconds, when all come at once
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]
culler = [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=7200"]
# What lies in SHARE/www/services/labs: the site, and the release as a zip file.
port = os.environ.get("LABKIT_WWW_PORT", "8090")
pages = [sys.executable, "-m", "http.server", port, "--bind=127.0.0.1", f"--directory={SHARE}/www"]
c.JupyterHub.services = [
    {"name": "idle-culler", "command": culler},
    {"name": "labs", "command": pages, "url": f"http://127.0.0.1:{port}"},
]
