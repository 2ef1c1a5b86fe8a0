// Builds small tokenizer.json files of many kinds and records what the reference implementation (Hugging Face tokenizers, in Rust) makes of
// the sample texts: ids and decoded text of whole tokenizers; output of single normalizers, pre-tokenizers and decoders.
//
//     npm install tokenizers@0.23.2           # outside the repository
//     /usr/bin/python3 sentencepiece.py       # first: its pieces are used here
//     node tokenizers.mjs                     # writes tokenizers.json.gz; NODE_PATH names the folder of node_modules
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { createRequire } from 'node:module';
const require = createRequire(process.env.NODE_PATH + '/');
const { Tokenizer } = require('tokenizers');
const here = new URL('.', import.meta.url);
const { pieces: spm, texts } = JSON.parse(readFileSync('/tmp/flextron-pieces.json', 'utf8'));

// ---- vocabularies -------------------------------------------------------------------------------------------------------------------
const byteChars = (() => {
  const list = []; let spare = 256;
  for (let b = 0; b < 256; b++) list.push(String.fromCharCode((b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae ? b : spare++));
  return list;
})();
// Naive byte-pair training over words of symbols.
function train(words, count) {
  words = words.map(w => [...w]);
  const merges = [];
  while (merges.length < count) {
    const counts = new Map();
    for (const w of words) for (let i = 0; i + 1 < w.length; i++) { const k = w[i] + ' ' + w[i + 1]; counts.set(k, (counts.get(k) ?? 0) + 1); }
    let best = null;
    for (const [k, n] of counts) if (n > 1 && (best === null || n > counts.get(best) || (n === counts.get(best) && k < best))) best = k;
    if (best === null) break;
    const [l, r] = best.split(' ');
    merges.push([l, r]);
    for (const w of words) for (let i = 0; i + 1 < w.length; i++) if (w[i] === l && w[i + 1] === r) w.splice(i, 2, l + r);
  }
  return merges;
}
function vocabulary(first, merges) {
  const vocab = {};
  for (const t of [...first, ...merges.map(m => m[0] + m[1])]) if (!(t in vocab)) vocab[t] = Object.keys(vocab).length;
  return vocab;
}
const corpus = [...texts, ...texts].join('\n').replaceAll('a'.repeat(98), 'aaaa');
const byteWords = corpus.match(/ ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+/gu).map(w => [...Buffer.from(w)].map(b => byteChars[b]));
const byteMerges = train(byteWords, 450), byteVocab = vocabulary(byteChars, byteMerges);
const spaceWords = corpus.split('\n').map(l => [...('▁' + l.replaceAll(' ', '▁')).replaceAll('\0', '')]);
const charMerges = train(spaceWords.flatMap(w => w.join('').split(/(?=▁)/u)).map(w => [...w]), 300);
const frequentChars = [...new Set(spaceWords.flat())].filter(c => c.codePointAt(0) < 0x0800 || c === '▁');
const known = new Set(frequentChars);
const knownMerges = charMerges.filter(([l, r]) => [...l + r].every(c => known.has(c)));
const byteTokens = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
const llamaVocab = vocabulary(['<unk>', '<s>', '</s>', ...byteTokens, ...frequentChars], knownMerges);
const plainVocab = vocabulary(['<unk>', ...frequentChars], knownMerges);
const endWords = corpus.toLowerCase().match(/\p{L}+|\p{N}|[^\s\p{L}\p{N}]+/gu).map(w => { const c = [...Buffer.from(w)].map(b => byteChars[b]); c[c.length - 1] += '</w>'; return c; });
const endMerges = train(endWords, 300), endVocab = vocabulary([...byteChars, ...byteChars.map(c => c + '</w>')], endMerges);
const prefixWords = corpus.match(/\p{L}+/gu).map(w => [...w].map((c, i) => i ? '##' + c : c));
// With a continuing prefix the merged token drops the prefix of its right part.
function prefixTrain(count) {
  const merges = [], vocab = vocabulary(['[UNK]', ...new Set(prefixWords.flat())], []);
  const words = prefixWords.map(w => [...w]);
  while (merges.length < count) {
    const counts = new Map();
    for (const w of words) for (let i = 0; i + 1 < w.length; i++) { const k = w[i] + ' ' + w[i + 1]; counts.set(k, (counts.get(k) ?? 0) + 1); }
    const best = [...counts].filter(c => c[1] > 1).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0];
    if (!best) break;
    const [l, r] = best.split(' '), joined = l + r.slice(2);
    merges.push([l, r]);
    if (!(joined in vocab)) vocab[joined] = Object.keys(vocab).length;
    for (const w of words) for (let i = 0; i + 1 < w.length; i++) if (w[i] === l && w[i + 1] === r) w.splice(i, 2, joined);
  }
  return [vocab, merges];
}
const [prefixVocab, prefixMerges] = prefixTrain(150);
const wordVocab = vocabulary(['[UNK]', '[CLS]', '[SEP]', ...new Set(corpus.toLowerCase().match(/\p{L}+|\p{N}+|[^\s\p{L}\p{N}]/gu))].slice(0, 260), []);
const pieceVocab = vocabulary(['[UNK]', '[CLS]', '[SEP]', 'a', 'b', 'the', 'qu', '##ick', '##s', '##e', 'c', '##a', '##f', '##t', 'hello', ',', '!', '中', '文', 'при', '##вет', '##1', '1', '2', '##2', '##3', '.', 'special', '<', '>', '##o', 'o', 'f', 'j', '##ump', 'he', 'ex'], []);

// ---- parts --------------------------------------------------------------------------------------------------------------------------
const ByteLevel = (add_prefix_space = false, use_regex = true) => ({ type: 'ByteLevel', add_prefix_space, trim_offsets: true, use_regex });
const Seq = (kind, ...parts) => ({ type: 'Sequence', [kind]: parts });
const Split = (regex, behavior = 'Isolated', invert = false) => ({ type: 'Split', pattern: { Regex: regex }, behavior, invert });
const SplitText = (text, behavior, invert = false) => ({ type: 'Split', pattern: { String: text }, behavior, invert });
const Replace = (pattern, content) => ({ type: 'Replace', pattern, content });
const Metaspace = (prepend_scheme, split) => ({ type: 'Metaspace', replacement: '▁', prepend_scheme, split });
const charsmap = name => protoField(protoField(Buffer.from(spm[name].model, 'base64'), 3), 2).toString('base64');
const Precompiled = name => ({ type: 'Precompiled', precompiled_charsmap: charsmap(name) });
function protoField(message, wanted) {
  const varint = () => { let v = 0, s = 1, b; do { b = message[at++]; v += (b & 127) * s; s *= 128; } while (b > 127); return v; };
  let at = 0, found = Buffer.alloc(0);
  while (at < message.length) {
    const tag = varint(), wire = tag & 7;
    if (wire === 0) varint(); else if (wire === 5) at += 4; else if (wire === 1) at += 8;
    else { const n = varint(); if (tag >> 3 === wanted) found = message.subarray(at, at + n); at += n; }
  }
  return found;
}
const Gpt4 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const Qwen2 = Gpt4.replace('{1,3}', '');
const O200k = "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const Possessive = "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s";
const Bloom = ' ?[^(\\s|[.,!?…。，、।۔،])]+';
const added = (vocab, ...tokens) => tokens.map(([content, options], i) => ({
  id: vocab[content] ?? Object.keys(vocab).length + tokens.slice(0, i).filter(t => !(t[0] in vocab)).length, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...options }));
const Template = (before, after, ids) => ({
  type: 'TemplateProcessing',
  single: [...before.map(id => ({ SpecialToken: { id, type_id: 0 } })), { Sequence: { id: 'A', type_id: 0 } }, ...after.map(id => ({ SpecialToken: { id, type_id: 0 } }))],
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: Object.fromEntries([...before, ...after].map(id => [id, { id, ids: [ids[id]], tokens: [id] }])),
});
const bpe = (vocab, merges, options = {}) => ({
  type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, ignore_merges: false,
  vocab, merges: merges.map(([l, r]) => `${l} ${r}`), ...options });
const unigram = (name, options = {}) => ({ type: 'Unigram', unk_id: 0, vocab: spm[name].pieces, byte_fallback: false, ...options });
const json = parts => ({ version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...parts });

const byteJson = (pre_tokenizer, more = {}) => json({ pre_tokenizer, decoder: ByteLevel(true), model: bpe(byteVocab, byteMerges), ...more });
const N = Object.keys(byteVocab).length;
const llamaNormalizer = Seq('normalizers', { type: 'Prepend', prepend: '▁' }, Replace({ String: ' ' }, '▁'));
const llamaDecoder = Seq('decoders', Replace({ String: '▁' }, ' '), { type: 'ByteFallback' }, { type: 'Fuse' }, { type: 'Strip', content: ' ', start: 1, stop: 0 });
const llamaModel = bpe(llamaVocab, knownMerges, { unk_token: '<unk>', fuse_unk: true, byte_fallback: true });
const llamaAdded = added(llamaVocab, ['<unk>'], ['<s>'], ['</s>']);

const whole = {
  'gpt2': byteJson(ByteLevel(), { added_tokens: added(byteVocab, ['<|endoftext|>']), post_processor: ByteLevel() }),
  'roberta': byteJson(ByteLevel(true), {
    added_tokens: added(byteVocab, ['<s>'], ['</s>'], ['<mask>', { lstrip: true }]),
    post_processor: { type: 'RobertaProcessing', sep: ['</s>', N + 1], cls: ['<s>', N], trim_offsets: true, add_prefix_space: true } }),
  'llama3': byteJson(Seq('pretokenizers', Split(Gpt4), ByteLevel(false, false)), {
    added_tokens: added(byteVocab, ['<|begin_of_text|>'], ['<|endoftext|>']), model: bpe(byteVocab, byteMerges, { ignore_merges: true }),
    post_processor: Seq('processors', ByteLevel(), Template(['<|begin_of_text|>'], [], { '<|begin_of_text|>': N })) }),
  'qwen2': byteJson(Seq('pretokenizers', Split(Qwen2), ByteLevel(false, false)), {
    normalizer: { type: 'NFC' }, added_tokens: added(byteVocab, ['<|endoftext|>'], ['<tool>', { special: false }]), model: bpe(byteVocab, byteMerges, { merges: byteMerges }) }),
  'o200k': byteJson(Seq('pretokenizers', Split(O200k, 'Removed', true), ByteLevel(false, false))),
  'possessive': byteJson(Seq('pretokenizers', Split(Possessive), ByteLevel(false, false))),
  'bloom': byteJson(Seq('pretokenizers', Split(Bloom), ByteLevel(false, false))),
  'deepseek': byteJson(Seq('pretokenizers', Split('[\r\n]'), Split('\\s?\\p{L}+'), Split('\\s?\\p{P}+'), Split('[一-龥ࠀ-一가-퟿]+'), { type: 'Digits', individual_digits: true }, ByteLevel(false, false))),
  'starcoder': byteJson(Seq('pretokenizers', { type: 'Digits', individual_digits: true }, ByteLevel())),
  'neox': byteJson(ByteLevel(), {
    normalizer: { type: 'NFC' },
    added_tokens: added(byteVocab, ['<|endoftext|>'], ['   ', { special: false, normalized: true }], ['  ', { special: false, normalized: true }], ['é', { special: false, normalized: true }]) }),
  'llama': json({ added_tokens: llamaAdded, normalizer: llamaNormalizer, decoder: llamaDecoder, model: llamaModel, post_processor: Template(['<s>'], [], { '<s>': 1 }) }),
  'llama-legacy': json({ added_tokens: added(llamaVocab, ['<unk>', { normalized: true }], ['<s>', { normalized: true }], ['</s>', { normalized: true }]), normalizer: llamaNormalizer, decoder: llamaDecoder, model: llamaModel }),
  'mistral': json({ added_tokens: llamaAdded, pre_tokenizer: Metaspace('first', false), decoder: llamaDecoder, model: { ...llamaModel, ignore_merges: true } }),
  'gemma': json({
    added_tokens: added(llamaVocab, ['<s>'], ['\n\n', { special: false }], ['\n', { special: false }]), normalizer: Replace({ String: ' ' }, '▁'), pre_tokenizer: SplitText(' ', 'MergedWithPrevious'),
    decoder: Seq('decoders', Replace({ String: '▁' }, ' '), { type: 'ByteFallback' }, { type: 'Fuse' }), model: llamaModel }),
  'bpe-unk': json({ pre_tokenizer: Metaspace('always', true), decoder: Metaspace('always', true), model: bpe(plainVocab, knownMerges, { unk_token: '<unk>' }) }),
  'bpe-fused-unk': json({ normalizer: Replace({ String: ' ' }, '▁'), decoder: { type: 'Fuse' }, model: bpe(plainVocab, knownMerges, { unk_token: '<unk>', fuse_unk: true }) }),
  'bpe-no-unk': json({ normalizer: Replace({ String: ' ' }, '▁'), decoder: { type: 'Fuse' }, model: bpe(plainVocab, knownMerges) }),
  'clip': json({
    added_tokens: added(endVocab, ['<|startoftext|>'], ['<|endoftext|>']), normalizer: Seq('normalizers', { type: 'NFC' }, Replace({ Regex: '\\s+' }, ' '), { type: 'Lowercase' }),
    pre_tokenizer: Seq('pretokenizers', Split("'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+", 'Removed', true), ByteLevel(false, true)),
    decoder: ByteLevel(), model: bpe(endVocab, endMerges, { end_of_word_suffix: '</w>' }) }),
  'bpe-decoder': json({ pre_tokenizer: { type: 'WhitespaceSplit' }, decoder: { type: 'BPEDecoder', suffix: '</w>' }, model: bpe(endVocab, endMerges, { end_of_word_suffix: '</w>', unk_token: '!' }) }),
  'bpe-prefix': json({ pre_tokenizer: { type: 'Whitespace' }, decoder: { type: 'WordPiece', prefix: '##', cleanup: true }, model: bpe(prefixVocab, prefixMerges, { continuing_subword_prefix: '##', unk_token: '[UNK]' }) }),
  't5': json({
    normalizer: Precompiled('unigram-nmt'), pre_tokenizer: Metaspace('always', true), decoder: Metaspace('always', true),
    added_tokens: added({ '<unk>': 0, '</s>': 2 }, ['<unk>'], ['</s>']), post_processor: Template([], ['</s>'], { '</s>': 2 }), model: unigram('unigram-nmt') }),
  'xlm-roberta': json({
    normalizer: Seq('normalizers', Precompiled('unigram-rules'), Replace({ Regex: ' {2,}' }, ' ')), pre_tokenizer: Seq('pretokenizers', { type: 'WhitespaceSplit' }, Metaspace('always', true)),
    decoder: Metaspace('always', true), model: unigram('unigram-rules') }),
  'albert': json({
    normalizer: Seq('normalizers', Replace({ String: '``' }, '"'), Replace({ String: "''" }, '"'), { type: 'NFKD' }, { type: 'StripAccents' }, { type: 'Lowercase' }, Precompiled('unigram-rules')),
    pre_tokenizer: Metaspace('always', true), decoder: Metaspace('always', true), model: unigram('unigram-nmt') }),
  'unigram-bytes': json({ normalizer: llamaNormalizer, decoder: llamaDecoder, model: unigram('unigram-bytes', { byte_fallback: true }) }),
  'bert': json({
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true }, pre_tokenizer: { type: 'BertPreTokenizer' },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true }, post_processor: { type: 'BertProcessing', sep: ['[SEP]', 2], cls: ['[CLS]', 1] },
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 30, vocab: pieceVocab }, added_tokens: added(pieceVocab, ['[UNK]'], ['[CLS]'], ['[SEP]']) }),
  'words': json({
    normalizer: Seq('normalizers', { type: 'NFKC' }, { type: 'Lowercase' }), pre_tokenizer: { type: 'Whitespace' },
    model: { type: 'WordLevel', vocab: wordVocab, unk_token: '[UNK]' } }),
};

const normalizers = [
  { type: 'NFC' }, { type: 'NFD' }, { type: 'NFKC' }, { type: 'NFKD' }, { type: 'Lowercase' }, { type: 'StripAccents' }, { type: 'Nmt' }, { type: 'Strip', strip_left: true, strip_right: true },
  { type: 'Strip', strip_left: false, strip_right: true }, { type: 'Prepend', prepend: '▁' }, Replace({ String: ' ' }, '▁'), Replace({ Regex: '\\s+' }, ' '), Replace({ Regex: ' {2,}' }, '▁'),
  Seq('normalizers', { type: 'NFD' }, { type: 'StripAccents' }, { type: 'Lowercase' }), Precompiled('unigram-nmt'), Precompiled('unigram-rules'), { type: 'ByteLevel' },
  ...[[true, true, null, true], [true, false, false, true], [false, true, true, false], [true, true, null, false]].map(([clean_text, handle_chinese_chars, strip_accents, lowercase]) =>
    ({ type: 'BertNormalizer', clean_text, handle_chinese_chars, strip_accents, lowercase })),
];
const behaviors = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];
const preTokenizers = [
  ...behaviors.map(b => ({ type: 'Punctuation', behavior: b })), ...behaviors.map(b => Split('\\p{P}|\\s', b)), ...behaviors.map(b => SplitText(' ', b, true)), ...behaviors.map(b => Split('\\w+', b, true)),
  { type: 'Whitespace' }, { type: 'WhitespaceSplit' }, { type: 'BertPreTokenizer' }, { type: 'CharDelimiterSplit', delimiter: ' ' }, { type: 'Digits', individual_digits: true },
  { type: 'Digits', individual_digits: false }, Metaspace('always', true), Metaspace('first', true), Metaspace('never', true), Metaspace('always', false),
  Split('\\w+|[^\\w\\s]+'), Split('(?i)[a-z]+'), Split('\\d+|\\D+'), Split('[[:alpha:]]+'), Split('\\h+|\\H+'), Split('(?<=a)b|\\bx\\b'), Split('[^\\S\\r\\n]+'), Split("[\\p{L}&&[^\\x00-\\x7F]]+"), Split('\\p{Han}+|\\p{Greek}+'), Split('[[:^alpha:]]+'), Split('\\p{N}{1,2}+|(a|b)++c|[^\\s]*+'), Split('[ab[cd]e]+|[^x[y ]]'),
  { type: 'UnicodeScripts' }, { type: 'FixedLength', length: 5 },
];
const decoders = [
  ByteLevel(), { type: 'ByteFallback' }, { type: 'Fuse' }, { type: 'WordPiece', prefix: '##', cleanup: true }, { type: 'WordPiece', prefix: '##', cleanup: false }, Metaspace('always', true), Metaspace('first', true), Metaspace('never', true),
  { type: 'BPEDecoder', suffix: '</w>' }, { type: 'CTC', pad_token: '<pad>', word_delimiter_token: '|', cleanup: true }, { type: 'Strip', content: ' ', start: 1, stop: 1 }, Replace({ String: '▁' }, ' '), Replace({ Regex: '[ab]+' }, '_'), llamaDecoder, null,
];
const tokenLists = [
  ['▁Hello', ',', '▁world', '!'], ['<0xE4>', '<0xB8>', '<0xAD>', 'a', '<0xE4>', '<0xB8>', 'b'], ['Ġthe', 'Ã', '©', 'Ġ', 'x y', '中'], ['##a', 'b', '##c', ',', "do", "n't", ' .', "'s"],
  ['a</w>', 'b</w>', 'c', 'd</w>'], ['<pad>', 'h', 'h', '<pad>', 'i', '|', '|', 'x'], [], ['▁', '▁▁a', '▁'], [' a ', '  b', 'aab'], ['<0x41>', '▁<0x42>', '<0xzz>', '<0xFF>'], ['Ċ', 'ĉ', 'č'], ['\u0000', 'a'],
];

// ---- recording ----------------------------------------------------------------------------------------------------------------------
const attempt = async f => { try { return await f(); } catch (e) { return { error: String(e.message ?? e) }; } };
const open = parts => Tokenizer.fromString(JSON.stringify(json({ model: bpe({ a: 0 }, []), ...parts })));
const record = { texts, tokenizers: [], normalizers: [], preTokenizers: [], decoders: [] };
for (const [name, tokenizer] of Object.entries(whole)) {
  const reference = Tokenizer.fromString(JSON.stringify(tokenizer)), cases = [];
  for (const text of texts) {
    const ids = (await reference.encode(text, null, { addSpecialTokens: true })).getIds();
    // 0.23 spells special tokens that are matched in normalized text with the normalizer's marks, and then does not know them as special; 0.20 did.
    const decoded = name === 'llama-legacy' ? null : await reference.decode(ids, true);
    cases.push({ ids, plain: (await reference.encode(text, null, { addSpecialTokens: false })).getIds(), decoded });
  }
  record.tokenizers.push({ name, tokenizer, cases });
}
for (const part of normalizers) {
  const made = await attempt(() => open({ normalizer: part }).getNormalizer());
  record.normalizers.push({ part, outputs: made.error ? made : await Promise.all(texts.map(t => attempt(() => made.normalizeString(t)))) });
}
for (const part of preTokenizers) {
  const made = await attempt(() => open({ pre_tokenizer: part }).getPreTokenizer());
  record.preTokenizers.push({ part, outputs: made.error ? made : await Promise.all(texts.map(t => attempt(() => made.preTokenizeString(t).map(p => p[0])))) });
}
for (const part of decoders) {
  const made = await attempt(() => open({ decoder: part }));
  const decoder = made.error ? made : await attempt(() => made.getDecoder());
  record.decoders.push({ part, tokens: tokenLists, outputs: decoder?.decode ? await Promise.all(tokenLists.map(t => attempt(() => decoder.decode(t)))) : decoder ?? null });
}
// The one large character map stands in sentencepiece.json.gz already.
const packed = gzipSync(JSON.stringify(record).replaceAll(charsmap('unigram-nmt'), '@unigram-nmt'), { level: 9 });
writeFileSync(new URL('tokenizers.json.gz', here), packed);
for (const kind of ['normalizers', 'preTokenizers', 'decoders'])
  for (const r of record[kind]) if (!Array.isArray(r.outputs) || r.outputs.some(o => o?.error)) console.log(kind, JSON.stringify(r.part).slice(0, 100), JSON.stringify(Array.isArray(r.outputs) ? r.outputs.find(o => o?.error) : r.outputs));
console.log(packed.length, record.tokenizers.map(t => `${t.name} ${t.cases.reduce((a, c) => a + c.ids.length, 0)}`).join(', '));
