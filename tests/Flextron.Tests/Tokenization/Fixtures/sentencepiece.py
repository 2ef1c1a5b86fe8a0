"""Trains small SentencePiece models and records what the reference implementation makes of the sample texts.

    apt-get install python3-sentencepiece          # 0.1.97
    /usr/bin/python3 sentencepiece.py              # writes sentencepiece.json.gz and, for tokenizers.mjs, pieces.json
"""
import base64, gzip, io, json, os, random, sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != here]  # this file has the module's name
import sentencepiece as spm

texts = json.load(open(os.path.join(here, "texts.json"), encoding="utf-8"))
# Random mixtures of their characters and fragments, for the meetings of scripts that nobody thinks of.
draw, fragments = random.Random(1), [c for text in texts for c in text] + [w for text in texts for w in text.split(" ") if len(w) < 12]
mixtures = ["".join(draw.choice(fragments) for _ in range(draw.randint(2, 30))) for _ in range(60)]
corpus = [line for text in texts for line in text.replace("\0", "").splitlines() if line.strip()] * 3
common = dict(character_coverage=0.98, num_threads=1, minloglevel=2, hard_vocab_limit=False)
plain = dict(normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True)
rules = io.StringIO()
rules.write("41\t61\n41 42\t63 64\n66 69 78\t78\nA0\t20\n200B\t\nE9\t65 301\n1F600\t3A 29\n")  # hexadecimal code points, from and to
open("/tmp/flextron-rules.tsv", "w").write(rules.getvalue())
settings = {
    "llama": dict(model_type="bpe", vocab_size=700, byte_fallback=True, **plain),
    "bpe-rules": dict(model_type="bpe", vocab_size=500, normalization_rule_tsv="/tmp/flextron-rules.tsv"),
    "bpe-user": dict(model_type="bpe", vocab_size=450, user_defined_symbols=["<mask>", "ab", "  "], add_dummy_prefix=False, **plain),
    "unigram-nmt": dict(model_type="unigram", vocab_size=400, normalization_rule_name="nmt_nfkc"),
    "unigram-bytes": dict(model_type="unigram", vocab_size=620, byte_fallback=True, **plain),
    "unigram-user": dict(model_type="unigram", vocab_size=380, user_defined_symbols=["<mask>", "ab", "quick"], control_symbols=["</s2>"], **plain),
    "unigram-rules": dict(model_type="unigram", vocab_size=380, normalization_rule_tsv="/tmp/flextron-rules.tsv"),
}
models, pieces = [], {}
for name, options in settings.items():
    writer = io.BytesIO()
    spm.SentencePieceTrainer.train(sentence_iterator=iter(corpus), model_writer=writer, **common, **options)
    model = spm.SentencePieceProcessor(model_proto=writer.getvalue())
    cases = [dict(text=text, ids=model.encode(text), decoded=model.decode(model.encode(text))) for text in texts + mixtures]
    models.append(dict(name=name, model=base64.b64encode(writer.getvalue()).decode(), cases=cases))
    pieces[name] = dict(
        model=models[-1]["model"],
        pieces=[[model.id_to_piece(i), model.get_score(i)] for i in range(model.get_piece_size())],
        bytes=[i for i in range(model.get_piece_size()) if model.is_byte(i)])
    print(name, model.get_piece_size(), len(writer.getvalue()))
with open(os.path.join(here, "sentencepiece.json.gz"), "wb") as file:
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=9, mtime=0, filename="") as packed:
        packed.write(json.dumps(models, ensure_ascii=False, separators=(",", ":")).encode())
json.dump(dict(pieces=pieces, texts=texts + mixtures), open("/tmp/flextron-pieces.json", "w"))
