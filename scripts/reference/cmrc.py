"""Expected values of cmrc-em and cmrc-f1: python cmrc.py > fixtures/reference/metrics/cmrc.json

Needs nltk 3.10.4, without any of its data. Written from the definition that the evaluation script of CMRC 2018 publishes:
lower case, strip, drop the listed characters; segments are the characters U+4E00 to U+9FA5 and nltk's words of the rest
(NLTKWordTokenizer, which is word_tokenize on one sentence); F1 of the longest common run; best over the answers.
"""
import json
import random

from nltk.tokenize import NLTKWordTokenizer

DROPPED = set(r"-:_*^/\~`+=") | set("，。：？！“”；’《》·、「」（）－～『』")
words = NLTKWordTokenizer().tokenize


def plain(text):
    return "".join(c for c in text.lower().strip() if c not in DROPPED)


def segments(text):
    out, run = [], ""
    for c in plain(text) + "\0":
        if c == "\0" or 0x4E00 <= ord(c) <= 0x9FA5:
            out += words(run) if run else []
            run = ""
            if c != "\0":
                out.append(c)
        else:
            run += c
    return out


def common_run(a, b):
    best = 0
    for i in range(len(a)):
        for j in range(len(b)):
            n = 0
            while i + n < len(a) and j + n < len(b) and a[i + n] == b[j + n]:
                n += 1
            best = max(best, n)
    return best


def em(output, answers):
    return int(any(plain(output) == plain(a) for a in answers))


def f1(output, answers):
    scores = []
    for answer in answers:
        a, b = segments(answer), segments(output)
        n = common_run(a, b)
        scores.append(0.0 if n == 0 else 2 * (n / len(b)) * (n / len(a)) / (n / len(b) + n / len(a)))
    return max(scores)


CASES = [
    ("1963年", ["1963年"]),
    ("1963年。", ["1963年"]),
    (" 1963 年 ", ["1963年"]),
    ("他于1963年被任为主教。", ["1963年", "1963年被任为主教"]),
    ("", ["1963年"]),
    ("。，", ["。"]),
    ("……", ["。"]),
    ("…", [""]),
    ("光荣和ω-force", ["光荣和ω-force"]),
    ("光荣和 ω force", ["光荣和ω-force"]),
    ("A-B", ["ab"]),
    ("a b", ["a-b"]),
    ("GDP增长6.1%", ["gdp 增长 6.1 %"]),
    ("《红楼梦》", ["红楼梦"]),
    ("〈红楼梦〉", ["红楼梦"]),
    ("‘红楼梦’", ["红楼梦"]),
    ('"红楼梦"', ["红楼梦"]),
    ("(红楼梦)", ["红楼梦"]),
    ("（红楼梦）", ["红楼梦"]),
    ("$3.5 million", ["3.5 million"]),
    ("2,000人", ["2000人"]),
    ("2,000人", ["2,000 人"]),
    ("It isn't Tom's.", ["is n't tom 's ."]),
    ("He rose. She fell.", ["he rose. she fell"]),
    ("He rose. She fell.", ["he rose"]),
    ("cannot", ["can not"]),
    ("C++ 和 C#", ["c和c #"]),
    ("wait...what", ["wait"]),
    ("“Hello,” 他说", ["hello, 他说"]),
    ("'tis 好", ["tis好"]),
    ("１９６３年", ["1963年"]),
    ("Ａ", ["a"]),
    ("龦龧", ["龦龧"]),
    ("𠮷野家", ["野家"]),
    ("😀年😀", ["😀年"]),
    ("a,,b,\n年", ["a , , b , 年"]),
    ("一二三四五六", ["一二x五六", "三四"]),
    ("一二一二三", ["一二三"]),
    ("重重重", ["重", "重重"]),
    ("İstanbul 是", ["i̇stanbul是"]),
    ("ΣΑΣ", ["σας"]),
    ("\u3000年\u00a0月\x1c", ["年 月"]),
    ("年—月", ["年 — 月"]),
    ("a——b", ["a b"]),
    ("x''y\"z\" ``q``", ["x y z q"]),
    ("<b>年</b>", ["年"]),
    ("50% off; now!", ["50 %"]),
    ("a:b", ["ab"]),
    ("见p.12", ["p.12"]),
    ("etc.）", ["etc"]),
    ("gonna 去", ["gon na 去"]),
    ("d'ye", ["d 'ye"]),
    ("more'n wanna lemme", ["more 'n wan na lem me"]),
    ("rock 'n' roll", ["rock n roll"]),
    ("the students' 书", ["students 书"]),
]
rng = random.Random(20261123)
PIECES = list("年月日一二三，。、·…—‘’“”《》()（）ab1.,'\"%$-:?! \n") + ["n't", "'s", "2,000", "3.5", "U.S.", "GDP", "--", "..", "can", "not", "é", "①", "𠮷"]
piece = lambda n: "".join(rng.choice(PIECES) for _ in range(rng.randrange(0, n)))
CASES += [(piece(16), [piece(12) for _ in range(rng.choice([1, 1, 3]))]) for _ in range(250)]
TEXTS = ["".join(rng.choice(PIECES[20:]) for _ in range(rng.randrange(0, 24))) for _ in range(400)] + [
    "Good muffins cost $3.88 (roughly 3,36 euros)\nin New York.  Please buy me\ntwo of them.\nThanks.",
    "He said \"no\". 'Why?' she'd asked; they'll see, won't they... Wanna come? 'Twas fine--really.",
]

print(
    json.dumps(
        {
            "cases": [{"output": o, "answers": a, "em": em(o, a), "f1": f1(o, a)} for o, a in CASES],
            "words": [{"text": t, "words": words(t)} for t in TEXTS],
        },
        ensure_ascii=False,
        indent=0,
    )
)
