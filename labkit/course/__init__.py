"""What turns notebooks into labs for a class.

`reading` reads any notebook, `catalog` what a lab says of itself, `paths` leads through several;
`editions` makes the student, live and solution ones, `copies` writes them into a student's folder,
`release` into a hand-out; `lab_server`, `live`, `notes` and `projector` serve a lesson;
`prediction` and `progress` remember what a student guessed and solved; `session` tells which
notebook runs, `another` whether two labkits are mixed; `doctor` looks at the machine. What comes
back is checked in `labkit.grading`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={
        "browser",
        "catalog",
        "copies",
        "doctor",
        "editions",
        "lab_server",
        "live",
        "live_edition",
        "notes",
        "paths",
        "prediction",
        "progress",
        "projector",
        "reading",
        "release",
    },
)
