"""Kernels as `labkit start --edition live` starts them, spoken to as a front end does."""

from contextlib import contextmanager

import pytest
from jupyter_client.manager import start_new_kernel

from labkit.course import lab_server


@contextmanager
def live_kernel(ipython_folder, **environment):
    """A kernel manager and its client; the kernel is the one found with the environment."""
    with pytest.MonkeyPatch.context() as patch:
        added = lab_server.environment(edition="live", projector=False)
        for name, value in (added | environment).items():
            patch.setenv(name, value)
        patch.setenv("IPYTHONDIR", str(ipython_folder))
        manager, client = start_new_kernel(kernel_name="python3")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


class Kernel:
    """Runs cells with their metadata in the kernel of a client."""

    def __init__(self, client):
        self.client = client

    def run(self, source, *, cell_id="", **labkit):
        """What the cell holds afterwards (None: as it was), and the error's first line."""
        content = {"code": source, "silent": False, "store_history": True, "stop_on_error": False}
        metadata = {"labkit": labkit} if labkit else {}
        metadata |= {"cellId": cell_id} if cell_id else {}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        reply = self.client.get_shell_msg(timeout=60)
        while reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            reply = self.client.get_shell_msg(timeout=60)  # that was one to an earlier question
        self.asked = message["header"]["msg_id"]
        payload = reply["content"].get("payload", [])
        texts = [p["text"] for p in payload if p["source"] == "set_next_input" and p["replace"]]
        return (texts or [None])[0], reply["content"].get("evalue", "")

    def shown(self):
        """Lines of what the last run showed as text: printed, and of errors."""
        text, state = "", ""
        while state != "idle":
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") == self.asked:
                content = message["content"]
                text += content.get("text", "") + "\n".join(content.get("traceback", []))
                state = content.get("execution_state", state)
        return text.splitlines()
