"""Expected values of metrics whose reference is a package: python metrics_more.py > fixtures/reference/metrics/more.json

Needs rouge-score 0.1.2, sacrebleu 2.6.0 and pytrec_eval-terrier 0.5.11. SQuAD's exact match is written from the rules its
script publishes (lower case, string.punctuation, the articles a/an/the, str.split).
"""
import json
import random
import re
import string

import pytrec_eval
from rouge_score import rouge_scorer, tokenizers
from sacrebleu.metrics import CHRF

CJK = "\u3005\u3007\u3021-\u3029\u3038-\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff"


class Characters(tokenizers.Tokenizer):
    """Each Chinese or Japanese character is a token, and so is each run of a-z and digits."""

    def tokenize(self, text):
        return re.findall(f"[{CJK}]|[a-z0-9]+", text.lower())


english = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
mixed = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False, tokenizer=Characters())
chrf = CHRF()


def squad_plain(text):
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


CASES = [
    ("Net sales rose 12% in fiscal 2023.", ["net sales rose 12%"]),
    ("The cat sat on the mat", ["the mat sat on the cat", "a cat sat"]),
    ("", ["something"]),
    ("something", [""]),
    ("a an the", ["the"]),
    ("!!!", ["???"]),
    ("rose rose rose", ["rose", "rose rose"]),
    ("$1,234.5 million", ["1234.5 million"]),
    ("net-sales", ["netsales", "net sales"]),
    ("it fell 3 points", ["an increase of 3 points"]),
    ("short", ["a very much longer reference than the output has"]),
    ("one two three four five six seven", ["seven six five four three two one"]),
    ("caf\u00e9 na\u00efve", ["cafe naive"]),
    ("  spaces \t and\nlines ", ["spaces and lines"]),
    ("abc", ["abc"]),
    ("ab", ["abcdefgh"]),
    ("\U0001f600\U0001f600", ["\U0001f600"]),
    ("1963\u5e74", ["1963\u5e74"]),
    ("\u4ed6\u4e8e1963\u5e74\u88ab\u4efb\u4e3a\u4e3b\u6559\u3002", ["1963\u5e74", "1963\u5e74\u88ab\u4efb\u4e3a\u4e3b\u6559"]),
    ("2019\u5e74GDP\u589e\u957f6.1%", ["GDP \u589e\u957f 6.1 %"]),
    ("\u6771\u4eac\u30bf\u30ef\u30fc\u3067\u3059", ["\u6771\u4eac\u30bf\u30ef\u30fc"]),
]
rng = random.Random(20261129)
WORDS = ["net", "sales", "rose", "fell", "the", "12%", "Company", "in", "2023", "and"]
for _ in range(40):
    text = lambda: " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 12)))
    CASES.append((text(), [text() for _ in range(rng.randrange(1, 4))]))
ZH = "\u516c\u53f8\u7684\u51c0\u9500\u552e\u989d\u589e\u957f\u4e86\uff0c\u3002ab3"
for _ in range(20):
    text = lambda: "".join(rng.choice(ZH) for _ in range(rng.randrange(1, 15)))
    CASES.append((text(), [text() for _ in range(rng.randrange(1, 3))]))


def rouge(output, answers):
    cjk = any(re.search(f"[{CJK}]", t) for t in [output, *answers])
    scorer = mixed if cjk else english
    return max(scorer.score(answer, output)["rougeL"].fmeasure for answer in answers)


RANKINGS = []
for _ in range(40):
    shown = rng.randrange(0, 15)
    relevant = sorted(rng.sample(range(1, shown + 1), rng.randrange(0, min(shown, 5) + 1))) if shown else []
    gold = len(relevant) + rng.randrange(0 if relevant else 1, 6)
    RANKINGS.append((shown, relevant, gold))


def ranked(shown, relevant, gold):
    qrel = {f"d{rank}": 1 for rank in relevant} | {f"missed{n}": 1 for n in range(gold - len(relevant))}
    run = {f"d{rank}": float(shown - rank + 1) for rank in range(1, shown + 1)} or {"nothing": 1.0}
    measures = {"ndcg_cut.3,5,10", "recall.3,5,10"}
    values = pytrec_eval.RelevanceEvaluator({"q": qrel}, measures).evaluate({"q": run})["q"]
    return {f"ndcg@{k}": values[f"ndcg_cut_{k}"] for k in (3, 5, 10)} | {f"recall@{k}": values[f"recall_{k}"] for k in (3, 5, 10)}


print(
    json.dumps(
        {
            "answers": [
                {
                    "output": output,
                    "answers": answers,
                    "rouge-l": rouge(output, answers),
                    "chrf": chrf.sentence_score(output, answers).score / 100,
                    "squad-em": int(any(squad_plain(output) == squad_plain(answer) for answer in answers)),
                }
                for output, answers in CASES
            ],
            "rankings": [
                {"shown": shown, "relevant": relevant, "gold": gold, **ranked(shown, relevant, gold)}
                for shown, relevant, gold in RANKINGS
            ],
        },
        ensure_ascii=False,
        indent=1,
    )
)
