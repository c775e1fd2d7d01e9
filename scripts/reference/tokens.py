"""Writes the expected token ids of test/process/models-tokenizer.test.ts with the Python `tokenizers` package.

    python scripts/reference/tokens.py MODELS_FOLDER > fixtures/reference/tokens.json
"""
import json
import sys

import tokenizers

MODELS = ["bge-small-zh-v1.5-int8", "bge-small-en-v1.5-int8"]
TEXTS = [
    "",
    " ",
    "hello",
    "Hello, World!",
    "范廷颂是什么时候被任为主教的？",
    "1963年，范廷颂被任为主教；1990年，被擢升为天主教河内总教区宗座署理。",
    "What was NVIDIA's net income in fiscal 2023? $4,368 million (down 55.2%).",
    "RAG系统使用embedding模型，比如BGE-small-zh-v1.5，来检索Top-5个chunk。",
    "繁體中文與简体中文混排：臺灣、台湾、裡、里。",
    "ＡＢＣ１２３　全角　ｆｕｌｌｗｉｄｔｈ，！？",
    "café naïve Ångström résumé cafe\u0301 A\u030angstro\u0308m",
    "e\u0301\u0302\u0303 zalgo Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d",
    "👩‍👩‍👧‍👦 family, 👍🏽 thumbs, 🇨🇳🇬🇧 flags, ❤️ heart, 1️⃣ keycap",
    "中文👨‍💻代码🎉结束",
    "שלום עולם مرحبا بالعالم \u200fRTL\u200e",
    "\u202eevil\u202c \u2066isolate\u2069 zero\u200bwidth\u200cjoin\u200ders\ufeff",
    "tab\tnewline\nreturn\r\nnbsp\u00a0ideographic\u3000em\u2003space",
    "control\u0000\u0001\u0007\u001b[31mred\u001b[0m\u007f\u0085chars",
    "[CLS] special [SEP] tokens [MASK] in [UNK] text [PAD]",
    "[cls][SEP][sep] ##ing ##",
    "𠀀𠀁𠀂 and 𠮷野家 and 𪚥",
    "\U0002b820\U0002b821\U0002b91f\U0002b920\U0002ceaf\U0002ceb0 edge of the extensions",
    "\U0002f800\U0002fa1f\U0002a6df\U0002a6e0\U0002a700 compat",
    "a𠮷b1𠮷2",
    "日本語のテキスト、カタカナ、ひらがな。한국어 텍스트도 있습니다.",
    "ไทย ภาษา हिन्दी বাংলা ქართული",
    "Ελληνικά ΣΊΣΥΦΟΣ ς σ Кириллица ЁЖ İstanbul ß ẞ ﬁ",
    "http://example.com/a/b?c=d&e=f#g user@mail.example.org C:\\dir\\file.txt",
    "def f(x: int) -> int:\n    return x ** 2  # comment\n",
    "a" * 120,
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "长" * 600,
    "word " * 600,
    "…—–‘’“”«»·•°±×÷√∞≈≠≤≥",
    "①②③ Ⅳ ㎏ ㍿ ½ ² ₂ ™ ©",
    "1,234,567.89 -0.5e-10 0xFF 100% 3/4",
    "  leading and trailing   multiple    spaces  ",
    "為這個句子生成表示以用於檢索相關文章：你好",
    "为这个句子生成表示以用于检索相关文章：什么是RAG？",
    "Represent this sentence for searching relevant passages: what is RAG?",
    "\u0300\u0301 combining first",
    "\ud7ff\ue000\ufffd\U0010ffff private",
]

folder = sys.argv[1]
models = {}
for model in MODELS:
    tokenizer = tokenizers.Tokenizer.from_file(f"{folder}/{model}/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    models[model] = {
        "vocabularySize": tokenizer.get_vocab_size(with_added_tokens=True),
        "ids": [tokenizer.encode(text).ids for text in TEXTS],
        "pair": {
            "ids": tokenizer.encode(TEXTS[4], TEXTS[5]).ids,
            "types": tokenizer.encode(TEXTS[4], TEXTS[5]).type_ids,
            "texts": [4, 5],
        },
    }
json.dump(
    {"by": f"tokenizers {tokenizers.__version__}", "texts": TEXTS, "models": models},
    sys.stdout,
    ensure_ascii=True,
    separators=(",", ":"),
)
