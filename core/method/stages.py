"""How a localizer is put together: each stage's network, and how the localizer uses it.

Plain descriptions that `core/method/localizer.py` is built from. They compute nothing and know no files.
"""

from dataclasses import dataclass
from typing import NamedTuple

from core.method.encoder_decoder import EncoderDecoderNetwork
from core.method.networks import GlobalNetwork, LocalNetwork


class StageMethod(NamedTuple):
    """How a stage's network answers and its patches vote; the defaults are the paper's method.

    Attributes
    ----------
    regression
        What the network was taught, see `core.method.voting.displacement_of`.
    voting, voting_count, voting_threshold
        With which weights the patches vote, see `core.method.voting.vote_weights`.
    posterior
        How the posteriors come from what the network answers, see `core.method.voting.posteriors_of`.
    """

    regression: str = "log"
    voting: str = "posterior"
    voting_count: int = 1
    voting_threshold: float = 0.5
    posterior: str = "sigmoid"


PAPERS_METHOD = StageMethod()
"""The paper's own: log-transformed displacements, weighted by the posterior (section II)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GlobalStage:
    """The stage that analyses the whole image.

    Attributes
    ----------
    network
        Its network.
    spacing_mm
        Spacing at which it analyses the image, mm.
    any_pose
        Analyse the image in all orientations along its axes, 24 in 3D, and take the one in which the landmarks are found
        arranged most like the mean shape. For objects that may lie in any pose: the network then need only know poses less
        than 63 degrees from the normal one.
    method
        How its network answers and its patches vote.
    """

    network: GlobalNetwork | EncoderDecoderNetwork
    spacing_mm: float
    any_pose: bool = False
    method: StageMethod = PAPERS_METHOD


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalStage:
    """A stage that refines each landmark in a crop around the estimate of the stage before.

    Attributes
    ----------
    network
        Its network.
    spacing_mm
        Spacing of its crops, mm.
    crop
        Side of its crops in samples of that spacing.
    passes
        How often it runs, each time around its own estimate.
    reach_mm
        For a stage that normalises the pose, how far from the fitted mean shape a crop may be centred, mm; 0 for one that takes
        the image as it lies.
    method
        How its network answers and its patches vote.
    """

    network: LocalNetwork
    spacing_mm: float
    crop: int
    passes: int = 1
    reach_mm: float = 0.0
    method: StageMethod = PAPERS_METHOD
