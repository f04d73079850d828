"""Checking what comes back: submissions run apart, judged by the release's own checks.

- `labs`: the exercises of the labs, as they were handed out
- `submissions`: what was handed in, in folders and zip files
- `slices`, `effects`: which statements of a notebook an exercise needs
- `worker`: the process a submission runs in
- `limits`, `sandbox`, `confine`, `seccomp`: what holds it; `imports`: and labkit's own modules
- `warm`, `forks`: how it starts quickly, forked from a process that has loaded torch
- `values`, `record`, `verdict`: what an answer gave, written down, and judged in another process
- `process`, `runner`: start, watch and end workers; `copies`: hand-ins that are the same
- `table`: rows as text and CSV; `journal`: on the disk as they come, to go on from there
- `senders`, `roster`, `sheet`: whose a hand-in is; the class; a CSV file as it is
- `marks`, `gradebook`, `feedback`, `outlet`: points a student, and what a teacher takes away
- `command`: all of it, from paths to an exit code

A submission's process only computes. Its answers' results come back as plain numbers, and the
check is done again on them in labkit's own process, which never runs a line of the submission.
So a printed green line, a changed check or a patched `torch.allclose` gains nothing.
"""

CHECK = """\
Checks what students handed in with the checks of this installation. Check cells in a submission
don't count; edited or deleted ones are named. Each submission runs in a process of its own: all
that the student wrote above the check, and of the lab what that needs. If that takes too long, or
asks for a file or the network, only the exercise's function runs, with what it needs.
Zip files are read as they are, including those of a course platform. If a function is defined
twice, the last definition above the check counts, as when the notebook runs from top to bottom.
With --csv, rows are in the table as they come. TABLE.csv.journal beside it keeps them with a hash
of what they depend on: started again, the check goes on from there, and later checks only what is
new or changed. Keep both out of the submissions' folder. --shard K/N is for machines that share a
disk: each checks its part, then the same command without it makes the whole table.
"Not checked" means that no verdict would be fair: the notebook can't be read, the answer asks for
a file or the network, the lab itself fails, or the system ended the process.
Exit code: 0 if every exercise of every submission is done, 1 if not, 2 if the command wasn't
understood, 3 if something couldn't be checked. --exit-zero (for make or Slurm): 0 instead of 1."""

TAKE_AWAY = """\
A hand-in is matched to the roster by the platform's number, else by ID, login, address or name;
what fits nobody, or two, is named and not counted. Of several uploads of a file the last one
counts. An exercise that is done has its points (one, or nbgrader's), scaled to those of the
gradebook's column. A cell that says something already stays, as does every other byte; who handed
in nothing, or something that couldn't be checked, gets no points and no zero."""

NOT_PROTECTED = """\
What this doesn't protect you from. An answer is judged by what its function returns for the
check's inputs, not by how it was found. A function that calls labkit's own version, digs the
expected result out of the running check, knows the inputs by heart, or was written by somebody
else counts as done. Only functions are checked: no claims, pictures or prose.
On Linux a submission can open no socket and write no file but its own in memory. It can still read
your files (except in /run and /tmp, unless labkit lies there), put words into the table, and write
into a named pipe that it can see. On processors other than x86-64 and ARM it can also talk to a
service of this machine through a socket file, and take more memory than it should; the first line
printed says so.
The kernel is trusted. If a warning says that the system doesn't keep submissions apart, hostile
code can do whatever you can do: use a container or a virtual machine there.
Start it as `labkit check` or `python -P -m labkit check`. Without -P, Python takes modules from
the current folder; if students filled it, their code may run before labkit can refuse it."""
