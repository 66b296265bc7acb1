"""Small models of each family that is converted, made up here: whole directories as they are published."""
import array
import json
import math
import random
import shutil

from model_files import write_files, write_safetensors

WIDTH, LAYERS, HEADS, EMBED = 64, 2, 4, 32
IMAGE, PATCH, CONTEXT, CLIP_VOCABULARY = 32, 16, 16, 49408
METADATA = {"format": "pt", "synthetic": "small_models.py"}  # of every weights file


def tensor(name, *shape):
    """Values by the name, near 1 for the scales of norms; a few thousand of them, over and over."""
    source = random.Random(name)
    center = 1.0 if name.endswith("weight") and len(shape) == 1 else 0.0
    spread = 0.1 if len(shape) == 1 else math.sqrt(3 / shape[-1])
    count = math.prod(shape)
    some = array.array("f", [center + source.uniform(-spread, spread) for _ in range(min(count, 8191))])
    return shape, (some * (count // len(some) + 1))[:count]


# ---------------------------------------------------------------- text encoders

def bert_tensors(prefix, vocabulary, positions, types, width=WIDTH):
    made = {}

    def linear(name, out, inputs):
        made[name + ".weight"], made[name + ".bias"] = tensor(name + ".weight", out, inputs), tensor(name + ".bias", out)

    def norm(name):
        made[name + ".weight"], made[name + ".bias"] = tensor(name + ".weight", width), tensor(name + ".bias", width)

    for table, rows in (("word", vocabulary), ("position", positions), ("token_type", types)):
        name = f"embeddings.{table}_embeddings.weight"
        made[name] = tensor(name, rows, width)
    norm("embeddings.LayerNorm")
    for i in range(LAYERS):
        layer = f"encoder.layer.{i}."
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            linear(layer + "attention." + part, width, width)
        norm(layer + "attention.output.LayerNorm")
        linear(layer + "intermediate.dense", 2 * width, width)
        linear(layer + "output.dense", width, 2 * width)
        norm(layer + "output.LayerNorm")
    return {prefix + name: value for name, value in made.items()}


def encoder_config(model_type, vocabulary, positions, types, padding, width=WIDTH):
    return {"model_type": model_type, "vocab_size": vocabulary, "hidden_size": width, "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS, "intermediate_size": 2 * width, "max_position_embeddings": positions,
            "type_vocab_size": types, "layer_norm_eps": 1e-5, "hidden_act": "gelu", "pad_token_id": padding}


def sentence_files(pooling, width=WIDTH):
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    return {"modules.json": [{"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + kind}
                             for i, (path, kind) in enumerate(kinds)],
            "1_Pooling/config.json": {"word_embedding_dimension": width, f"pooling_mode_{pooling}": True},
            "sentence_bert_config.json": {"max_seq_length": 20, "do_lower_case": False},
            "config_sentence_transformers.json": {"prompts": {"query": "a cat "}, "default_prompt_name": None}}


def bert(directory, width=WIDTH):
    """BERT: WordPiece in vocab.txt."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "cat", "dog", "sat", "##s", "."]
    write_files(directory, {**sentence_files("cls_token", width), "config.json": encoder_config("bert", len(words), 32, 2, 0, width),
                            "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": True},
                            "special_tokens_map.json": {"cls_token": "[CLS]"},
                            "vocab.txt": "\n".join(words) + "\n"})
    write_safetensors(directory / "model.safetensors", bert_tensors("bert.", len(words), 32, 2, width), METADATA)


def xlm_roberta(directory):
    """XLM-R: Unigram, and the SentencePiece model that it was made of; no modules.json."""
    pieces = [["<s>", 0], ["<pad>", 0], ["</s>", 0], ["<unk>", 0], ["▁", -2], ["▁a", -1.5], ["▁cat", -3], ["▁dog", -3],
              ["c", -5], ["a", -5], ["t", -5], ["s", -5], ["d", -5], ["o", -5], ["g", -5], [".", -4]]
    special = [{"id": i, "content": pieces[i][0], "special": True, "normalized": False} for i in range(4)]
    tokenizer = {"version": "1.0", "added_tokens": special, "normalizer": {"type": "NFKC"},
                 "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True},
                 "post_processor": {"type": "TemplateProcessing",
                                    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                                               {"Sequence": {"id": "A", "type_id": 0}},
                                               {"SpecialToken": {"id": "</s>", "type_id": 0}}],
                                    "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]},
                                                       "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}},
                 "model": {"type": "Unigram", "unk_id": 3, "vocab": pieces}}
    write_files(directory, {"config.json": encoder_config("xlm-roberta", len(pieces), 34, 1, 1),
                            "tokenizer.json": tokenizer, "tokenizer_config.json": {"model_max_length": 30},
                            "sentencepiece.bpe.model": "not read, but part of it"})
    write_safetensors(directory / "model.safetensors", bert_tensors("roberta.", len(pieces), 34, 1), METADATA)


def roberta(directory):
    """RoBERTa: byte-level BPE; the transformer in a folder of its own, as old sentence-transformers had it."""
    shown = {byte: chr(byte) for byte in (*range(33, 127), *range(161, 173), *range(174, 256))}
    shown |= {byte: chr(256 + i) for i, byte in enumerate(b for b in range(256) if b not in shown)}
    words = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *shown.values(), "Ġc", "at", "Ġcat"]
    vocabulary = {word: i for i, word in enumerate(words)}
    tokenizer = {"version": "1.0",
                 "added_tokens": [{"id": i, "content": words[i], "special": True, "normalized": False,
                                   "lstrip": words[i] == "<mask>"} for i in range(5)],
                 "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False},
                 "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0]},
                 "model": {"type": "BPE", "vocab": vocabulary, "merges": ["Ġ c", "a t", "Ġc at"]}}
    files = sentence_files("mean_tokens")
    files["modules.json"][0]["path"] = "0_Transformer"
    inner = {"config.json": encoder_config("roberta", len(words), 40, 1, 1), "tokenizer.json": tokenizer,
             "vocab.json": vocabulary, "merges.txt": "#version: 0.2\nĠ c\na t\nĠc at\n",
             "sentence_bert_config.json": files.pop("sentence_bert_config.json")}
    write_files(directory, {**files, **{"0_Transformer/" + name: content for name, content in inner.items()}})
    write_safetensors(directory / "0_Transformer" / "model.safetensors", bert_tensors("", len(words), 40, 1), METADATA)


# ---------------------------------------------------------------- CLIP with a ViT

MEAN, STD = [0.5, 0.4, 0.3], [0.2, 0.25, 0.3]


def clip_tensors():
    """OpenCLIP's CLIP class."""
    made = {"logit_scale": ((), array.array("f", [4.0]))}

    def add(name, *shape):
        made[name] = tensor(name, *shape)

    add("visual.class_embedding", WIDTH)
    add("visual.positional_embedding", (IMAGE // PATCH) ** 2 + 1, WIDTH)
    add("visual.proj", WIDTH, EMBED)
    add("visual.conv1.weight", WIDTH, 3, PATCH, PATCH)
    add("token_embedding.weight", CLIP_VOCABULARY, WIDTH)
    add("positional_embedding", CONTEXT, WIDTH)
    add("text_projection", WIDTH, EMBED)
    for norm in ("visual.ln_pre", "visual.ln_post", "ln_final"):
        add(norm + ".weight", WIDTH)
        add(norm + ".bias", WIDTH)
    for tower in ("visual.", ""):
        for i in range(LAYERS):
            block = f"{tower}transformer.resblocks.{i}."
            for leaf, out, width in (("attn.in_proj_", 3 * WIDTH, WIDTH), ("attn.out_proj.", WIDTH, WIDTH),
                                     ("mlp.c_fc.", 4 * WIDTH, WIDTH), ("mlp.c_proj.", WIDTH, 4 * WIDTH)):
                add(block + leaf + "weight", out, width)
                add(block + leaf + "bias", out)
            for norm in ("ln_1", "ln_2"):
                add(block + norm + ".weight", WIDTH)
                add(block + norm + ".bias", WIDTH)
    return made


def open_clip_vit(directory, vocabulary):
    """OpenCLIP's directory of such a model; `vocabulary` is a model directory to take tokenizer.json from."""
    directory.mkdir()
    shutil.copy(vocabulary / "tokenizer.json", directory)
    tower = {"width": WIDTH, "layers": LAYERS}
    write_files(directory, {"open_clip_config.json": {
        "model_cfg": {"embed_dim": EMBED, "quick_gelu": True,
                      "vision_cfg": {**tower, "image_size": IMAGE, "patch_size": PATCH, "head_width": WIDTH // HEADS},
                      "text_cfg": {**tower, "context_length": CONTEXT, "vocab_size": CLIP_VOCABULARY, "heads": HEADS}},
        "preprocess_cfg": {"mean": MEAN, "std": STD, "interpolation": "bicubic", "resize_mode": "shortest"}}})
    write_safetensors(directory / "open_clip_model.safetensors", clip_tensors(), METADATA)


RENAMED = (("transformer.resblocks.", "encoder.layers."), ("ln_pre", "pre_layrnorm"), ("ln_post", "post_layernorm"),
           ("ln_final", "final_layer_norm"), ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"),
           ("attn.out_proj", "self_attn.out_proj"), ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2"),
           ("class_embedding", "embeddings.class_embedding"), ("conv1", "embeddings.patch_embedding"),
           ("positional_embedding", "embeddings.position_embedding.weight"),
           ("token_embedding", "embeddings.token_embedding"))


def clip_model_tensors():
    """The same weights as transformers' CLIPModel saves them."""
    made = {}
    for name, (shape, values) in clip_tensors().items():
        if name in ("visual.proj", "text_projection"):
            rows, columns = shape
            turned = array.array("f", [values[r * columns + c] for c in range(columns) for r in range(rows)])
            made["visual_projection.weight" if name == "visual.proj" else "text_projection.weight"] = (columns, rows), turned
            continue
        is_image = name.startswith("visual.")
        for old, new in RENAMED:
            name = name.replace(old, new)
        if name != "logit_scale":
            name = "vision_model." + name.removeprefix("visual.") if is_image else "text_model." + name
        if "attn.in_proj_" not in name:
            made[name] = shape, values
            continue
        third = len(values) // 3
        for i, part in enumerate("qkv"):
            made[name.replace("attn.in_proj_", f"self_attn.{part}_proj.")] = (
                (shape[0] // 3, *shape[1:]), values[i * third:(i + 1) * third])
    return made


def hugging_face_clip(directory, vocabulary):
    directory.mkdir()
    shutil.copy(vocabulary / "tokenizer.json", directory)
    tower = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
             "intermediate_size": 4 * WIDTH, "hidden_act": "quick_gelu"}
    write_files(directory, {
        "config.json": {"model_type": "clip", "projection_dim": EMBED,
                        "text_config": {**tower, "max_position_embeddings": CONTEXT, "vocab_size": CLIP_VOCABULARY},
                        "vision_config": {**tower, "image_size": IMAGE, "patch_size": PATCH}},
        "preprocessor_config.json": {"size": {"shortest_edge": IMAGE}, "crop_size": {"height": IMAGE, "width": IMAGE},
                                     "do_resize": True, "do_center_crop": True, "do_normalize": True, "resample": 3,
                                     "image_mean": MEAN, "image_std": STD}})
    write_safetensors(directory / "model.safetensors", clip_model_tensors(), METADATA)


def mlx_clip(directory, vocabulary, quantized_row, bits=8, group_size=32):
    """The same as MLX quantises it: every linear layer and embedding but the largest, which would take long here."""
    hugging_face_clip(directory, vocabulary)
    config = json.loads((directory / "config.json").read_text())
    left = "text_model.embeddings.token_embedding"
    config["quantization"] = {"bits": bits, "group_size": group_size, left: False}
    (directory / "config.json").write_text(json.dumps(config))
    made = {}
    for name, (shape, values) in clip_model_tensors().items():
        module = name.removesuffix(".weight")
        if len(shape) != 2 or module in (name, left):
            made[name] = shape, values
            continue
        rows = [quantized_row(values[at:at + shape[1]], bits, group_size) for at in range(0, len(values), shape[1])]
        for leaf, kind, parts in zip((".weight", ".scales", ".biases"), "Iff", zip(*rows)):
            made[module + leaf] = (shape[0], len(parts[0])), array.array(kind, [v for part in parts for v in part])
    write_safetensors(directory / "model.safetensors", made, METADATA)
