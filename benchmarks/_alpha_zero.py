"""What open_spiel's AlphaZero learns of Connect Four, as a judge for labkit's search.

Its own games, buffer and updates, in the order of its actor and learner, without their processes
and checkpoints. The settings of its example, but a network, learning rate and number of simulations
as labkit's, and a buffer small enough that it learns within seconds.
"""

import time
from types import SimpleNamespace

import numpy as np

from labkit.play.nets import Judge

BATCH, KEPT, REUSED = 128, 1024, 4  # positions: a step; in the buffer; how often each is learned
QUIET = SimpleNamespace(print=lambda *_: None, opt_print=lambda *_: None)


def alpha_zero(rules: str, seconds: float, *, simulations: int) -> Judge:
    """Train for so many CPU seconds; a first round, in which JAX compiles, doesn't count.

    rules: open_spiel's name of the game, with its parameters.
    """
    import pyspiel
    from open_spiel.python.algorithms import mcts
    from open_spiel.python.algorithms.alpha_zero import alpha_zero as spiel
    from open_spiel.python.algorithms.alpha_zero import evaluator, model_nnx, replay_buffer

    game = pyspiel.load_game(rules)
    shape, moves = game.observation_tensor_shape(), game.num_distinct_actions()
    model = model_nnx.Model.build_model("mlp", shape, moves, 128, 2, 1e-4, 3e-3, None)
    judge, buffer = evaluator.AlphaZeroEvaluator(game, model), replay_buffer.Buffer(KEPT)
    options = {"solve": False, "dirichlet_noise": (0.25, 1.0), "dont_return_chance_node": True}
    options |= {"child_selection_fn": mcts.SearchNode.puct_value}
    bots = [mcts.MCTSBot(game, 1.41, simulations, judge, **options) for _ in range(2)]
    started, played = None, 0
    while started is None or time.process_time() - started < seconds:
        new = 0
        while new < KEPT // REUSED:
            game_played = spiel._play_game(QUIET, 0, game, bots, 1, 2)
            _keep(buffer, game_played)
            new, played = new + len(game_played.states), played + 1
        for _ in range(len(buffer) // BATCH):
            model.update(buffer.sample(BATCH))
        judge._cache.clear()  # its answers are those of the network before
        started = started or time.process_time()
    print(f"open_spiel, AlphaZero: {played} games\n")
    return _as_judge(model, shape)


def _keep(buffer, played) -> None:
    """Its learner's way to keep a game."""
    import jax.numpy as jnp
    from open_spiel.python.algorithms.alpha_zero import utils

    for at in played.states:
        new = {
            "observation": jnp.asarray(at.observation, jnp.float32),
            "legals_mask": jnp.asarray(at.legals_mask, bool),
            "policy": jnp.asarray(at.policy, jnp.float32),
            "value": jnp.asarray(played.returns[0], jnp.float32),
        }
        buffer.append(utils.TrainInput(**new))


def _as_judge(model, shape: tuple[int, ...]) -> Judge:
    """Its network for whole batches; it sees the stones of who began, and that player's value."""
    import jax
    from flax import nnx

    parts = model._state
    net = nnx.merge(parts.graphdef, parts.params, parts.batch_stats)
    net.eval()
    graph, weights = nnx.split(net)
    answers = jax.jit(jax.vmap(lambda x: nnx.merge(graph, weights)(x)))

    def ask(own: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        began = (own.sum(1) == other.sum(1))[:, None]
        planes = [np.where(began, own, other), np.where(began, other, own), ~(own | other)]
        seen = np.stack(planes, 1).reshape(-1, *shape).astype(np.float32)
        padded = np.zeros((1 << (len(seen) - 1).bit_length(), *shape), np.float32)
        padded[: len(seen)] = seen  # few different sizes, since each one is compiled
        logits, values = (np.asarray(part)[: len(seen)] for part in answers(padded))
        return logits, np.where(began[:, 0], values, -values)

    return ask
