"""Tiny random-weight checkpoints of every supported family, with the logits that they must give.

An implementation of its own, from the families' definitions, in numpy and double precision: it reads the tensors that it has just written, under the
family's own names and in its own layout, one token and one head at a time. Run it with Python 3 and numpy in this folder; the results are committed.

    python3 generate.py
"""
import json
import math
import os
import struct

import numpy as np

IDS = [3, 17, 0, 28, 9, 9, 21, 5, 14, 2, 26, 11, 7, 19]
VOCABULARY = 29


class Maker:
    """Draws float32 values and collects the tensors of one checkpoint."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.tensors = {}

    def matrix(self, name, *shape, fan_in):
        self.tensors[name] = (self.random.standard_normal(shape) * 1.5 / math.sqrt(fan_in)).astype(np.float32)

    def norm(self, name, size):
        self.tensors[name] = (1 + 0.3 * self.random.standard_normal(size)).astype(np.float32)

    def bias(self, name, size):
        self.tensors[name] = (0.5 * self.random.standard_normal(size)).astype(np.float32)

    def table(self, name, *shape):
        self.tensors[name] = self.random.standard_normal(shape).astype(np.float32)


def write(folder, config, tensors, logits, importance=None):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file, indent=2)
        file.write("\n")
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name in sorted(tensors):
        raw = np.ascontiguousarray(tensors[name]).astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(folder, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    with open(os.path.join(folder, "expected.json"), "w") as file:
        json.dump({"ids": IDS, "logits": [[round(float(v), 8) for v in row] for row in logits], **(importance or {})}, file)
        file.write("\n")


def rms_norm(x, weight, epsilon):
    return x / math.sqrt(np.mean(x * x) + epsilon) * weight


def layer_norm(x, weight, bias, epsilon):
    centred = x - np.mean(x)
    return centred / math.sqrt(np.mean(centred * centred) + epsilon) * weight + bias


def silu(x):
    return x / (1 + np.exp(-x))


def gelu(x):
    return np.array([0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x])


def gelu_new(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def inverse_frequencies(theta, size, scaling=None):
    """Angles per position of each pair. Llama 3.1 divides those of long wavelengths and interpolates between two wavelengths; YaRN does so between two pairs."""
    result = []
    for i in range(0, size, 2):
        frequency = 1.0 / theta ** (i / size)
        kind = "default" if scaling is None else scaling.get("rope_type") or scaling["type"]
        if kind in ("default", "dynamic"):
            pass
        elif kind == "linear":
            frequency /= scaling["factor"]
        elif kind == "longrope":
            # Texts here are no longer than the original context.
            frequency /= scaling["short_factor"][i // 2]
        elif kind == "yarn":
            old = scaling["original_max_position_embeddings"]
            first, last = (size * math.log(old / (2 * math.pi * turns)) / (2 * math.log(theta)) for turns in (scaling.get("beta_fast", 32), scaling.get("beta_slow", 1)))
            first, last = max(math.floor(first), 0), min(math.ceil(last), size - 1)
            ramp = min(max((i // 2 - first) / (last - first), 0), 1)
            frequency = frequency / scaling["factor"] * ramp + frequency * (1 - ramp)
        else:
            old, low, high = scaling["original_max_position_embeddings"], scaling["low_freq_factor"], scaling["high_freq_factor"]
            wavelength = 2 * math.pi / frequency
            if wavelength > old / low:
                frequency /= scaling["factor"]
            elif wavelength >= old / high:
                smooth = (old / wavelength - low) / (high - low)
                frequency = (1 - smooth) * frequency / scaling["factor"] + smooth * frequency
        result.append(frequency)
    return result


def attention_factor(scaling, context):
    """What rotated elements are multiplied by."""
    kind = "default" if scaling is None else scaling.get("rope_type") or scaling["type"]
    if kind == "yarn":
        return scaling.get("attention_factor", 0.1 * math.log(scaling["factor"]) + 1)
    if kind == "longrope":
        longer, old = context
        return math.sqrt(1 + math.log(longer / old) / math.log(old))
    return 1


def rotate(head, position, frequencies, factor=1):
    """The first 2·len(frequencies) elements turn in pairs (i, i + half); the others stay."""
    half, result = len(frequencies), head.copy()
    for i, frequency in enumerate(frequencies):
        c, s = math.cos(position * frequency) * factor, math.sin(position * frequency) * factor
        result[i] = head[i] * c - head[i + half] * s
        result[i + half] = head[i + half] * c + head[i] * s
    return result


def attend(query, keys, values, first, scale=None):
    """Softmax attention of one query to the keys from `first` on."""
    scores = np.array([query @ k for k in keys[first:]]) * (scale or 1 / math.sqrt(len(query)))
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    return sum(w * v for w, v in zip(weights, values[first:]))


def llama_like(folder, seed, config, biases=(), query_key_norm=False, windows=None, fused=False, layer_norms=False, plain=False):
    """`windows` says how far back each block sees (None: to the beginning); fused projections stand in one tensor, one behind the other; a plain MLP has no gates."""
    hidden, neurons, heads, groups = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"], config["num_key_value_heads"]
    size, epsilon = config.get("head_dim") or hidden // heads, config.get("rms_norm_eps") or config.get("layer_norm_eps") or config["norm_epsilon"]
    up, down = ("mlp.c_fc", "mlp.c_proj") if plain else ("mlp.up_proj", "mlp.down_proj")
    make = Maker(seed)
    make.table("model.embed_tokens.weight", VOCABULARY, hidden)
    for n in range(config["num_hidden_layers"]):
        at = f"model.layers.{n}."
        make.norm(at + "input_layernorm.weight", hidden)
        make.norm(at + "post_attention_layernorm.weight", hidden)
        for name in ("input_layernorm", "post_attention_layernorm") if layer_norms else ():
            make.bias(at + name + ".bias", hidden)
        for name, rows, columns in (("self_attn.q_proj", heads * size, hidden), ("self_attn.k_proj", groups * size, hidden), ("self_attn.v_proj", groups * size, hidden),
                                    ("self_attn.o_proj", hidden, heads * size), ("mlp.gate_proj", neurons, hidden), (up, neurons, hidden), (down, hidden, neurons)):
            if plain and name == "mlp.gate_proj":
                continue
            make.matrix(at + name + ".weight", rows, columns, fan_in=columns)
            if name.split(".")[1] in biases:
                make.bias(at + name + ".bias", rows)
        if query_key_norm:
            make.norm(at + "self_attn.q_norm.weight", size)
            make.norm(at + "self_attn.k_norm.weight", size)
    make.norm("model.norm.weight", hidden)
    if layer_norms:
        make.bias("model.norm.bias", hidden)
    if not config["tie_word_embeddings"]:
        make.matrix("lm_head.weight", VOCABULARY, hidden, fan_in=hidden)
    places = {}
    for n in range(config["num_hidden_layers"] if fused else 0):
        for whole, parts in (("self_attn.qkv_proj", ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")), ("mlp.gate_up_proj", ("mlp.gate_proj", "mlp.up_proj"))):
            rows, at = [], 0
            for part in parts:
                rows.append(make.tensors.pop(f"model.layers.{n}.{part}.weight"))
                places[f"model.layers.{n}.{part}"] = (f"model.layers.{n}.{whole}", at, at + len(rows[-1]))
                at += len(rows[-1])
            make.tensors[f"model.layers.{n}.{whole}.weight"] = np.concatenate(rows)

    w = {name: value.astype(np.float64) for name, value in make.tensors.items()}

    def project(x, name):
        if name in places:
            whole, first, end = places[name]
            return (w[whole + ".weight"] @ x)[first:end]
        y = w[name + ".weight"] @ x
        return y + w[name + ".bias"] if name + ".bias" in w else y

    def norm(row, name):
        return layer_norm(row, w[name + ".weight"], w[name + ".bias"], epsilon) if layer_norms else rms_norm(row, w[name + ".weight"], epsilon)

    frequencies = inverse_frequencies(config["rope_theta"], int(size * config.get("partial_rotary_factor", 1)), config.get("rope_scaling"))
    factor = attention_factor(config.get("rope_scaling"), (config["max_position_embeddings"], config.get("original_max_position_embeddings")))
    x = [w["model.embed_tokens.weight"][i] * config.get("embedding_multiplier", 1) for i in IDS]
    part = config.get("residual_multiplier", 1)
    for n in range(config["num_hidden_layers"]):
        at = f"model.layers.{n}."
        keys, values = [[] for _ in range(groups)], [[] for _ in range(groups)]
        window = None if windows is None else windows[n]
        turning = [] if config.get("no_rope_layers") and not config["no_rope_layers"][n] else frequencies
        for t in range(len(IDS)):
            normed = norm(x[t], at + "input_layernorm")
            q = project(normed, at + "self_attn.q_proj").reshape(heads, size)
            k = project(normed, at + "self_attn.k_proj").reshape(groups, size)
            v = project(normed, at + "self_attn.v_proj").reshape(groups, size)
            mixed = []
            for g in range(groups):
                key = rms_norm(k[g], w[at + "self_attn.k_norm.weight"], epsilon) if query_key_norm else k[g]
                keys[g].append(rotate(key, t, turning, factor))
                values[g].append(v[g])
            for h in range(heads):
                query = rms_norm(q[h], w[at + "self_attn.q_norm.weight"], epsilon) if query_key_norm else q[h]
                g = h // (heads // groups)
                mixed.append(attend(rotate(query, t, turning, factor), keys[g], values[g], 0 if window is None else max(0, t - window + 1), config.get("attention_multiplier")))
            # Later positions have not been looked at, so the stream may be changed in place.
            x[t] = x[t] + part * project(np.concatenate(mixed), at + "self_attn.o_proj")
        for t in range(len(IDS)):
            normed = norm(x[t], at + "post_attention_layernorm")
            neuron = gelu_new(project(normed, at + up)) if plain else silu(project(normed, at + "mlp.gate_proj")) * project(normed, at + up)
            x[t] = x[t] + part * project(neuron, at + down)
    head = w["model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"]
    write(folder, config, make.tensors, [head @ norm(row, "model.norm") / config.get("logits_scaling", 1) for row in x])


def gpt2(folder, seed, config, prefix):
    hidden, heads, epsilon = config["n_embd"], config["n_head"], config["layer_norm_epsilon"]
    neurons, size = config.get("n_inner") or 4 * hidden, hidden // heads
    act = {"gelu_new": gelu_new, "gelu": gelu}[config["activation_function"]]
    make = Maker(seed)
    make.table(prefix + "wte.weight", VOCABULARY, hidden)
    make.table(prefix + "wpe.weight", config["n_positions"], hidden)
    for n in range(config["n_layer"]):
        at = f"{prefix}h.{n}."
        for norm in ("ln_1", "ln_2"):
            make.norm(at + norm + ".weight", hidden)
            make.bias(at + norm + ".bias", hidden)
        for name, inputs, outputs in (("attn.c_attn", hidden, 3 * hidden), ("attn.c_proj", hidden, hidden), ("mlp.c_fc", hidden, neurons), ("mlp.c_proj", neurons, hidden)):
            make.matrix(at + name + ".weight", inputs, outputs, fan_in=inputs)
            make.bias(at + name + ".bias", outputs)
        # A buffer that old checkpoints carry along.
        if prefix == "":
            make.tensors[at + "attn.bias"] = np.tril(np.ones((1, 1, 4, 4), dtype=np.float32))
    make.norm(prefix + "ln_f.weight", hidden)
    make.bias(prefix + "ln_f.bias", hidden)
    if not config.get("tie_word_embeddings", True):
        make.matrix("lm_head.weight", VOCABULARY, hidden, fan_in=hidden)

    w = {name: value.astype(np.float64) for name, value in make.tensors.items()}

    def conv1d(x, name):
        return x @ w[name + ".weight"] + w[name + ".bias"]

    # Importance over every token but the last: sums of magnitudes of head outputs, of neurons before and behind the non-linearity, and of normed channels.
    counted = len(IDS) - 1
    scores = {"heads": np.zeros((config["n_layer"], heads)), "before": np.zeros((config["n_layer"], neurons)), "behind": np.zeros((config["n_layer"], neurons)), "channels": np.zeros(hidden)}
    x = [w[prefix + "wte.weight"][i] + w[prefix + "wpe.weight"][t] for t, i in enumerate(IDS)]
    for n in range(config["n_layer"]):
        at = f"{prefix}h.{n}."
        keys, values = [[] for _ in range(heads)], [[] for _ in range(heads)]
        for t in range(len(IDS)):
            normed = layer_norm(x[t], w[at + "ln_1.weight"], w[at + "ln_1.bias"], epsilon)
            fused = conv1d(normed, at + "attn.c_attn")
            q, k, v = fused[:hidden], fused[hidden:2 * hidden], fused[2 * hidden:]
            mixed = []
            for h in range(heads):
                part = slice(h * size, (h + 1) * size)
                keys[h].append(k[part])
                values[h].append(v[part])
                mixed.append(attend(q[part], keys[h], values[h], 0))
            if t < counted:
                scores["channels"] += np.abs(normed)
                scores["heads"][n] += [np.abs(m).sum() for m in mixed]
            x[t] = x[t] + conv1d(np.concatenate(mixed), at + "attn.c_proj")
        for t in range(len(IDS)):
            normed = layer_norm(x[t], w[at + "ln_2.weight"], w[at + "ln_2.bias"], epsilon)
            before = conv1d(normed, at + "mlp.c_fc")
            if t < counted:
                scores["channels"] += np.abs(normed)
                scores["before"][n] += np.abs(before)
                scores["behind"][n] += np.abs(act(before))
            x[t] = x[t] + conv1d(act(before), at + "mlp.c_proj")
    head = w[prefix + "wte.weight"] if config.get("tie_word_embeddings", True) else w["lm_head.weight"]
    write(folder, config, make.tensors, [head @ layer_norm(row, w[prefix + "ln_f.weight"], w[prefix + "ln_f.bias"], epsilon) for row in x],
          {name: np.round(value, 8).tolist() for name, value in scores.items()})


def gpt_neox(folder, seed, config):
    hidden, neurons, heads, epsilon = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"], config["layer_norm_eps"]
    size = hidden // heads
    make = Maker(seed)
    make.table("gpt_neox.embed_in.weight", VOCABULARY, hidden)
    for n in range(config["num_hidden_layers"]):
        at = f"gpt_neox.layers.{n}."
        for norm in ("input_layernorm", "post_attention_layernorm"):
            make.norm(at + norm + ".weight", hidden)
            make.bias(at + norm + ".bias", hidden)
        for name, rows, columns in (("attention.query_key_value", 3 * hidden, hidden), ("attention.dense", hidden, hidden),
                                    ("mlp.dense_h_to_4h", neurons, hidden), ("mlp.dense_4h_to_h", hidden, neurons)):
            make.matrix(at + name + ".weight", rows, columns, fan_in=columns)
            make.bias(at + name + ".bias", rows)
    make.norm("gpt_neox.final_layer_norm.weight", hidden)
    make.bias("gpt_neox.final_layer_norm.bias", hidden)
    make.matrix("embed_out.weight", VOCABULARY, hidden, fan_in=hidden)

    w = {name: value.astype(np.float64) for name, value in make.tensors.items()}

    def project(x, name):
        return w[name + ".weight"] @ x + w[name + ".bias"]

    frequencies = inverse_frequencies(config["rotary_emb_base"], int(size * config["rotary_pct"]))
    x = [w["gpt_neox.embed_in.weight"][i] for i in IDS]
    for n in range(config["num_hidden_layers"]):
        at = f"gpt_neox.layers.{n}."

        def norm(row, name):
            return layer_norm(row, w[at + name + ".weight"], w[at + name + ".bias"], epsilon)

        def mlp(row):
            return project(gelu(project(norm(row, "post_attention_layernorm"), at + "mlp.dense_h_to_4h")), at + "mlp.dense_4h_to_h")

        keys, values = [[] for _ in range(heads)], [[] for _ in range(heads)]
        for t in range(len(IDS)):
            # Head by head: its query, its key, its value.
            fused = project(norm(x[t], "input_layernorm"), at + "attention.query_key_value").reshape(heads, 3, size)
            mixed = []
            for h in range(heads):
                keys[h].append(rotate(fused[h, 1], t, frequencies))
                values[h].append(fused[h, 2])
                mixed.append(attend(rotate(fused[h, 0], t, frequencies), keys[h], values[h], 0))
            attended = project(np.concatenate(mixed), at + "attention.dense")
            x[t] = x[t] + attended + (mlp(x[t]) if config["use_parallel_residual"] else mlp(x[t] + attended))
    final = [layer_norm(row, w["gpt_neox.final_layer_norm.weight"], w["gpt_neox.final_layer_norm.bias"], epsilon) for row in x]
    write(folder, config, make.tensors, [w["embed_out.weight"] @ row for row in final])


def llama_config(kind, name, **fields):
    base = {"architectures": [name], "model_type": kind, "vocab_size": VOCABULARY, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2,
            "num_attention_heads": 6, "num_key_value_heads": 3, "max_position_embeddings": 32, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
            "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": 2}
    return {**base, **fields}


def main():
    llama_like("llama3", 1, llama_config(
        "llama", "LlamaForCausalLM", rope_theta=50.0, tie_word_embeddings=True, head_dim=8,
        rope_scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}))
    llama_like("llama-biased", 2, llama_config(
        "llama", "LlamaForCausalLM", attention_bias=True, mlp_bias=True, rope_scaling={"rope_type": "linear", "factor": 2.5}),
        biases=("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"))
    llama_like("llama-yarn", 10, llama_config(
        "llama", "LlamaForCausalLM", rope_theta=50.0, num_hidden_layers=3, head_dim=12, num_key_value_heads=2,
        rope_scaling={"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 2.0, "beta_slow": 0.5}))
    llama_like("mistral", 3, llama_config("mistral", "MistralForCausalLM", sliding_window=5, rms_norm_eps=1e-6), windows=[5, 5])
    llama_like("qwen2", 4, llama_config(
        "qwen2", "Qwen2ForCausalLM", tie_word_embeddings=True, rms_norm_eps=1e-6, rope_theta=1000000.0, use_sliding_window=False, sliding_window=4, max_window_layers=1),
        biases=("q_proj", "k_proj", "v_proj"))
    llama_like("qwen3", 5, llama_config("qwen3", "Qwen3ForCausalLM", head_dim=10, num_key_value_heads=2, rms_norm_eps=1e-3, attention_bias=False), query_key_norm=True)
    llama_like("qwen2-windows", 11, llama_config(
        "qwen2", "Qwen2ForCausalLM", num_hidden_layers=4, rope_theta=100.0, use_sliding_window=True, sliding_window=4, max_window_layers=1,
        layer_types=["full_attention", "sliding_attention", "full_attention", "sliding_attention"]),
        biases=("q_proj", "k_proj", "v_proj"), windows=[None, 4, None, 4])
    llama_like("smollm3", 12, llama_config(
        "smollm3", "SmolLM3ForCausalLM", num_hidden_layers=3, rope_theta=100.0, tie_word_embeddings=True, use_sliding_window=True, sliding_window=6, no_rope_layers=[1, 0, 1]),
        windows=[None, 6, None])
    llama_like("phi3", 13, llama_config(
        "phi3", "Phi3ForCausalLM", hidden_size=32, num_attention_heads=4, num_key_value_heads=2, rope_theta=30.0, partial_rotary_factor=0.75, sliding_window=9, max_position_embeddings=256,
        original_max_position_embeddings=16, rope_scaling={"type": "longrope", "short_factor": [1.0, 1.2, 2.0], "long_factor": [1.0, 4.0, 16.0]}), windows=[9, 9], fused=True)
    stable = llama_config("stablelm", "StableLmForCausalLM", hidden_size=32, num_attention_heads=4, num_key_value_heads=4, rope_theta=50.0, layer_norm_eps=1e-5, use_qkv_bias=True,
                          partial_rotary_factor=0.25, use_parallel_residual=False, qk_layernorm=False)
    del stable["rms_norm_eps"]
    llama_like("stablelm", 14, stable, biases=("q_proj", "k_proj", "v_proj"), layer_norms=True)
    coder = llama_config("starcoder2", "Starcoder2ForCausalLM", num_attention_heads=4, num_key_value_heads=2, rope_theta=50.0, norm_epsilon=1e-5, use_bias=True, sliding_window=5,
                         hidden_act="gelu_pytorch_tanh", tie_word_embeddings=True)
    del coder["rms_norm_eps"]
    llama_like("starcoder2", 15, coder, biases=("q_proj", "k_proj", "v_proj", "o_proj", "c_fc", "c_proj"), windows=[5, 5], layer_norms=True, plain=True)
    llama_like("granite", 16, llama_config(
        "granite", "GraniteForCausalLM", rope_theta=50.0, tie_word_embeddings=True, embedding_multiplier=3.0, residual_multiplier=0.6, attention_multiplier=0.7, logits_scaling=1.5))
    gpt2("gpt2", 6, {
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": VOCABULARY, "n_embd": 24, "n_layer": 2, "n_head": 4, "n_positions": 20, "n_ctx": 20,
        "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "bos_token_id": 0, "eos_token_id": 0}, prefix="")
    gpt2("gpt3", 7, {
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": VOCABULARY, "n_embd": 20, "n_layer": 3, "n_head": 5, "n_positions": 32, "n_inner": 36,
        "activation_function": "gelu", "layer_norm_epsilon": 1e-3, "tie_word_embeddings": False, "bos_token_id": None, "eos_token_id": 0}, prefix="transformer.")
    neox = {"architectures": ["GPTNeoXForCausalLM"], "model_type": "gpt_neox", "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 44, "num_hidden_layers": 2,
            "num_attention_heads": 2, "max_position_embeddings": 32, "layer_norm_eps": 1e-5, "hidden_act": "gelu", "rotary_pct": 0.25, "rotary_emb_base": 10000,
            "use_parallel_residual": True, "tie_word_embeddings": False, "bos_token_id": 0, "eos_token_id": 0}
    gpt_neox("gpt-neox", 8, neox)
    gpt_neox("gpt-neox-serial", 9, {**neox, "hidden_size": 24, "num_attention_heads": 4, "rotary_pct": 0.7, "rotary_emb_base": 500, "use_parallel_residual": False})


if __name__ == "__main__":
    main()
