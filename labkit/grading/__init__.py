"""Checking what comes back: submissions run apart, judged by the release's own checks.

- `labs`: the exercises of the labs, as they were handed out
- `submissions`: what was handed in, in folders and zip files
- `slices`, `effects`: which statements of a notebook an exercise needs
- `worker`: the process a submission runs in
- `limits`, `sandbox`, `confine`, `seccomp`: what holds it; `imports`: and labkit's own modules
- `values`, `record`, `verdict`: what an answer gave, written down, and judged in another process
- `process`, `runner`: start, watch and end workers; `copies`: hand-ins that are the same
- `table`: rows as text and CSV
- `command`: all of it, from paths to an exit code

A submission's process only computes. Its answers' results come back as plain numbers, and the
check is done again on them in labkit's own process, which never runs a line of the submission.
So a printed green line, a changed check or a patched `torch.allclose` gains nothing.
"""

CHECK = """\
Checks submissions with the checks of this installation; check cells in a submission are ignored,
and named if they were edited or deleted. Each submission runs in a process of its own: what the
student wrote above the check, and of the lab what that needs, so a class is through in minutes.
If that takes too long, or wants a file or the network, only the exercise's function is run, with
what it needs.
Zip files are read as they are, also those of a course platform. Of two definitions the last above
the check counts, as when the notebook runs from top to bottom.
An exercise is "not checked" where no verdict would be fair: the notebook cannot be read, the
answer wants a file or the network, the lab itself fails, or the system ended its process.
Exit code: 0 if every exercise of every submission is done, 1 if not, 2 if the command was not
understood, 3 if something could not be checked. --exit-zero, for make or Slurm: 0 instead of 1."""

NOT_PROTECTED = """\
What this does not protect from. An answer is judged by what its function gives for the check's
inputs, not by how it was found: a function that calls labkit's own version, digs the expected
result out of the running check, knows the inputs by heart, or was written by somebody else
counts as done. Only functions are checked, not claims, pictures or prose. On Linux a submission
can open no socket and write no file but its own in memory. It can still read your files (not
/run and /tmp, unless labkit lies there), put words into the table, and write into a named pipe
that it can see. On processors other than x86-64 and ARM it can also speak to a service of this
machine that listens on a socket file, and hold more memory than it may; the first line printed
says so. The kernel is trusted. Where a warning says that the system does not keep submissions
apart, hostile code can do whatever you can do: use a container or a virtual machine there.
Start it as `labkit check` or `python -P -m labkit check`: without -P Python takes modules from
the folder at hand, and if students filled it, theirs may run before labkit can refuse."""
