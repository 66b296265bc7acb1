"""A small BERT in a sentence-transformers directory, made up here, and its forward pass in plain Python."""
import array
import math
import random
import struct

import model_files

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "query", ":", "a", "cat", "dog", "##s", "sat", "."]
WIDTH, HEADS, HIDDEN, LAYERS, POSITIONS, DENSE = 24, 2, 20, 2, 16, 10
PROMPTS = {"query": "query: ", "document": ""}


def tensors(seed=1):
    """name -> (shape, values), row-major."""
    source = random.Random(seed)
    made = {}

    def make(name, *shape, offset=0.0, spread=0.5):
        values = [offset + source.uniform(-spread, spread) for _ in range(math.prod(shape))]
        made[name] = (shape, struct.unpack(f"<{len(values)}f", struct.pack(f"<{len(values)}f", *values)))

    def linear(name, out, width):
        make(name + ".weight", out, width, spread=math.sqrt(3 / width))
        make(name + ".bias", out, spread=0.1)

    def norm(name):
        make(name + ".weight", WIDTH, offset=1.0, spread=0.2)
        make(name + ".bias", WIDTH, spread=0.1)

    make("embeddings.word_embeddings.weight", len(VOCABULARY), WIDTH)
    make("embeddings.position_embeddings.weight", POSITIONS, WIDTH)
    make("embeddings.token_type_embeddings.weight", 2, WIDTH)
    norm("embeddings.LayerNorm")
    for i in range(LAYERS):
        layer = f"encoder.layer.{i}."
        for part in ("query", "key", "value"):
            linear(layer + "attention.self." + part, WIDTH, WIDTH)
        linear(layer + "attention.output.dense", WIDTH, WIDTH)
        norm(layer + "attention.output.LayerNorm")
        linear(layer + "intermediate.dense", HIDDEN, WIDTH)
        linear(layer + "output.dense", WIDTH, HIDDEN)
        norm(layer + "output.LayerNorm")
    return made


def dense_tensors():
    source = random.Random(7)
    weight = [source.uniform(-0.4, 0.4) for _ in range(DENSE * WIDTH)]
    return {"linear.weight": ((DENSE, WIDTH), weight), "linear.bias": ((DENSE,), [0.01 * i for i in range(DENSE)])}


def as_float32(tensor):
    shape, values = tensor
    return shape, array.array("f", values)


def write(directory, include_prompt=True):
    """Mean pooling, then a Dense module with Tanh; prompts, of which none is the default."""
    files = {
        "config.json": {"model_type": "bert", "vocab_size": len(VOCABULARY), "hidden_size": WIDTH,
                        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "intermediate_size": HIDDEN,
                        "max_position_embeddings": POSITIONS, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
                        "hidden_act": "gelu", "pad_token_id": 0},
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512},
        "modules.json": [{"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + kind}
                         for i, (path, kind) in enumerate([("", "Transformer"), ("1_Pooling", "Pooling"),
                                                           ("2_Dense", "Dense"), ("3_Normalize", "Normalize")])],
        "1_Pooling/config.json": {"word_embedding_dimension": WIDTH, "pooling_mode_mean_tokens": True,
                                  "include_prompt": include_prompt},
        "2_Dense/config.json": {"in_features": WIDTH, "out_features": DENSE, "bias": True,
                                "activation_function": "torch.nn.modules.activation.Tanh"},
        "sentence_bert_config.json": {"max_seq_length": 12, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": PROMPTS, "default_prompt_name": None},
        "vocab.txt": "\n".join(VOCABULARY) + "\n",
    }
    model_files.write_files(directory, files)
    model_files.write_safetensors(directory / "model.safetensors",
                                  {"bert." + name: as_float32(t) for name, t in tensors().items()})
    model_files.write_safetensors(directory / "2_Dense" / "model.safetensors",
                                  {name: as_float32(t) for name, t in dense_tensors().items()})


# ---------------------------------------------------------------- the forward pass

def _linear(weights, name, x):
    (out, width), weight = weights[name + ".weight"]
    bias = weights[name + ".bias"][1]
    return [bias[o] + sum(weight[o * width + i] * x[i] for i in range(width)) for o in range(out)]


def _norm(weights, name, x):
    mean = sum(x) / len(x)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + 1e-12)
    weight, bias = weights[name + ".weight"][1], weights[name + ".bias"][1]
    return [(v - mean) / deviation * w + b for v, w, b in zip(x, weight, bias)]


def _plus(a, b):
    return [x + y for x, y in zip(a, b)]


def _attention(weights, layer, states):
    q, k, v = ([_linear(weights, layer + "attention.self." + part, x) for x in states]
               for part in ("query", "key", "value"))
    size = WIDTH // HEADS
    mixed = []
    for i in range(len(states)):
        out = []
        for begin in range(0, WIDTH, size):
            head = range(begin, begin + size)
            scores = [math.exp(sum(q[i][c] * key[c] for c in head) / math.sqrt(size)) for key in k]
            out += [sum(s * value[c] for s, value in zip(scores, v)) / sum(scores) for c in head]
        mixed.append(out)
    return mixed


def embed(words, left_out=0):
    """The unit vector of a text given as entries of VOCABULARY, the framing ones left out; its first `left_out` tokens,
    [CLS] among them, are not pooled."""
    weights = tensors()

    def row(table, index):
        return weights[f"embeddings.{table}.weight"][1][index * WIDTH:(index + 1) * WIDTH]

    states = []
    for position, word in enumerate(["[CLS]", *words, "[SEP]"]):
        x = _plus(_plus(row("word_embeddings", VOCABULARY.index(word)), row("position_embeddings", position)),
                  row("token_type_embeddings", 0))
        states.append(_norm(weights, "embeddings.LayerNorm", x))
    for i in range(LAYERS):
        layer = f"encoder.layer.{i}."
        mixed = _attention(weights, layer, states)
        states = [_norm(weights, layer + "attention.output.LayerNorm",
                        _plus(x, _linear(weights, layer + "attention.output.dense", m)))
                  for x, m in zip(states, mixed)]
        for t, x in enumerate(states):
            hidden = [h / 2 * (1 + math.erf(h / math.sqrt(2))) for h in _linear(weights, layer + "intermediate.dense", x)]
            states[t] = _norm(weights, layer + "output.LayerNorm",
                              _plus(x, _linear(weights, layer + "output.dense", hidden)))
    mean = [sum(column) / len(column) for column in zip(*states[left_out:])]
    vector = [math.tanh(v) for v in _linear(dense_tensors(), "linear", mean)]
    length = math.sqrt(sum(v * v for v in vector))
    return [v / length for v in vector]
