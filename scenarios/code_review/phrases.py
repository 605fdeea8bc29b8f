"""Sentences around the findings and the code; which one is taken changes nothing else."""

FIRST_REVIEW = (
    "I have read the module from top to bottom. This has to change before it may run:",
    "Here is what I found in the code as it was handed over.",
    "Not ready yet. My findings, most of them quick to repair:",
    "The structure is sound, the details are not:",
)
REVIEW = (
    "Better than before, but not there yet:",
    "I have read the new version. What is left:",
    "Thank you. I went through the module again and have this to add:",
    "Close. Please look at this once more:",
)
APPROVAL = (
    "I have nothing to add to this version.",
    "The new version does what its docstrings promise.",
    "I have gone through every function again and found nothing more.",
    "All my points are dealt with.",
)
RUN_FAILED = (
    "The run failed, so this is not finished. Please look at the output and repair what it shows.",
    "A check did not pass. The version has to be changed before I look at it again.",
)
CLOSING = (
    "The approved version ran and its checks passed. We are done.",
    "The checks passed on the code I approved, so I close this review.",
    "The output is as it should be. Nothing more to do here.",
)
REPAIRED = (
    "This is the new version. What I did:",
    "Done as follows.",
    "I went through the list:",
    "Here is the module again. The changes:",
)
UNCHANGED = (
    "I see nothing to change; this is the module as it stands.",
    "The module is as it was.",
)
CHECK = (
    "And a check of it:",
    "This script checks the changes:",
    "To be run with it:",
)
