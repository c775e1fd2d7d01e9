"""Expected values of the metrics, from Python and rapidfuzz: python metrics.py > fixtures/reference/metrics/metrics.json

Needs numpy and rapidfuzz. The SQuAD functions are written from the rules the script publishes (lower case, string.punctuation,
the articles a/an/the, str.split, token overlap); the LazyLLM ones from the formulas in the project's fact sheet.
"""
import json
import random
import re
import string
from collections import Counter

import numpy as np
from rapidfuzz.distance import Levenshtein

CJK = re.compile("[\u3005\u3007\u3021-\u3029\u3038-\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff]")


def squad_tokens(text):
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def cjk_tokens(text):
    import unicodedata

    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    text = "".join(c for c in text if not unicodedata.category(c).startswith("P") and c not in "～￥…")
    text = CJK.sub(lambda m: f" {m.group(0)} ", text)
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def overlap(pred, gold):
    if not pred or not gold:
        return float(pred == gold)
    same = sum((Counter(pred) & Counter(gold)).values())
    if same == 0:
        return 0.0
    p, r = same / len(pred), same / len(gold)
    return 2 * p * r / (p + r)


def token_f1(output, answers):
    wide = any(CJK.search(t) for t in [output, *answers])
    tokens = cjk_tokens if wide else squad_tokens
    return max(overlap(tokens(output), tokens(a)) for a in answers)


def context_recall(retrieved, gold):
    if not retrieved:
        return 0.0
    hits = [Levenshtein.normalized_similarity(r, gold) > 0.5 for r in retrieved]
    return round(sum(hits) / len(hits), 4)


def sentences(text):
    return [s.strip() for s in re.split("(?:。)+", text) if s.strip()]


def context_relevance(retrieved, gold):
    found = [s for r in retrieved for s in sentences(r)]
    if not found:
        return 0.0
    gold = sentences(gold)
    return round(sum(s in gold for s in found) / len(found), 4)


ZH = "范廷颂枢机（，），圣名保禄·若瑟（），是越南罗马天主教枢机。1963年被任为主教；1990年被擢升为天主教河内总教区宗座署理；1994年被擢升为总主教，同年年底被擢升为枢机。2009年2月离世。"
EN = "The Company's net sales rose 12% to $1,234.5 million in fiscal 2023, driven by the Americas — an increase of 3 points over 2022."
ANSWERS = [
    # output, answers, context
    ("1963年", ["1963年"], ZH),
    (" 1963年\n", ["1963年"], ZH),
    ("1963年。", ["1963年"], ZH),
    ("他于1963年被任为主教。", ["1963年", "1963年被任为主教"], ZH),
    ("1963年 被任为主教", ["1963年被任为主教"], ZH),
    ("", ["1963年"], ZH),
    ("   \u3000 ", ["1963年"], ZH),
    ("。。。", ["1963年"], ZH),
    ("主教 1963年", ["1963年"], ZH),
    ("Net sales rose 12%", ["net sales rose 12%."], EN),
    ("the net sales", ["sales", "net sales"], EN),
    ("a an the", ["the"], EN),
    ("$1,234.5 million", ["1234.5 million"], EN),
    ("net-sales", ["netsales"], EN),
    ("an A's café", ["As café"], EN),
    ("“net sales”", ["net sales"], EN),
    ("aé the_x (the) A.", ["aé the_x"], EN),
    ("rose rose rose", ["rose", "rose rose"], EN),
    ("driven by\tthe\u00a0Americas", ["driven by Americas"], EN),
    ("it fell 3 points", ["an increase of 3 points"], EN),
    ("İstanbul ΣΑΣ", ["i̇stanbul σας"], EN),
    ("2019年GDP增长6.1%", ["GDP 增长 6.1 %"], "2019年GDP增长6.1%。"),
    ("東京タワーです", ["東京タワー"], "東京タワーです"),
    ("𠀀𠮷野家", ["𠮷野家"], "𠮷野家"),
    ("a年the月", ["年月"], "a年the月"),
    ("😀😀", ["😀"], "😀"),
]
RETRIEVALS = [
    ([EN], EN),
    ([EN[:60]], EN),
    ([EN[:66], EN[66:], "other"], EN),
    ([], EN),
    ([ZH], ZH),
    (["范廷颂枢机（，），圣名保禄·若瑟（），是越南罗马天主教枢机。无关的话。2009年2月离世。"], ZH),
    (["2009年2月离世", "。。", "无关"], ZH),
    ([""], ""),
    (["。"], "。"),
    (["😀a𠮷"], "😀b"),
    (["abcd"], "abxy"),
    (["abcd"], "abcx"),
]

rng = random.Random(20261123)
alphabet = "ab 年月😀𠮷,。"
texts = ["".join(rng.choice(alphabet) for _ in range(rng.randrange(0, 24))) for _ in range(60)]
pairs = list(zip(texts[::2], texts[1::2]))
vectors = np.random.default_rng(7).standard_normal((6, 5)).astype(np.float32)
vectors[4] = 0
ties = [1 / 32, 3 / 32, 5 / 32, 0.5, 1 / 3, 2 / 3, 0.00005, 0.00015, 0.12345, 7 / 96, 31 / 32, 0.99995, 1.0, 0.0]


def cosine(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    norm = np.linalg.norm(a) * np.linalg.norm(b)
    return 0.0 if norm == 0 else float(min(1, max(0, a @ b / norm)))


print(
    json.dumps(
        {
            "answers": [
                {
                    "output": output,
                    "answers": answers,
                    "context": context,
                    "exact": int(output.strip() == answers[0]),
                    "token-f1": token_f1(output, answers),
                    "origin-tutorial": int(all(piece in context for piece in output.split())),
                }
                for output, answers, context in ANSWERS
            ],
            "retrievals": [
                {
                    "retrieved": retrieved,
                    "gold": gold,
                    "context-recall": context_recall(retrieved, gold),
                    "context-relevance": context_relevance(retrieved, gold),
                }
                for retrieved, gold in RETRIEVALS
            ],
            "similarities": [{"a": a, "b": b, "value": Levenshtein.normalized_similarity(a, b)} for a, b in pairs],
            "cosines": [
                {"a": vectors[i].tolist(), "b": vectors[j].tolist(), "value": cosine(vectors[i], vectors[j])}
                for i in range(6)
                for j in range(i, 6)
            ],
            "rounded": [{"value": v, "digits": d, "rounded": round(v, d)} for v in ties for d in (2, 4)],
        },
        ensure_ascii=False,
        indent=1,
    )
)
