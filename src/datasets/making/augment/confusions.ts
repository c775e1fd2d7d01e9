/** Neighbours on a QWERTY keyboard, row by row. */
const ROWS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'] as const;

/** The keys left and right of a letter, and those that touch it above and below. */
export const KEYBOARD: ReadonlyMap<string, readonly string[]> = new Map(
  ROWS.flatMap((row, line) =>
    [...row].map((letter, at): [string, string[]] => {
      const above = ROWS[line - 1] ?? '';
      const below = ROWS[line + 1] ?? '';
      const near = [row[at - 1], row[at + 1], above[at], above[at + 1], below[at - 1], below[at]];
      return [letter, near.filter((key) => key !== undefined)];
    }),
  ),
);

/** Chinese characters that are mistaken for each other: same sound in an input method, or alike in shape. */
const GROUPS = [
  '的地得',
  '在再',
  '做作',
  '像象',
  '己已巳',
  '未末',
  '人入',
  '土士',
  '大太',
  '天夫',
  '千干',
  '坐座',
  '带戴',
  '哪那',
  '他她它',
  '进近',
  '必毕',
  '度渡',
  '园圆',
  '记计',
  '账帐',
  '密蜜',
  '清青请情',
  '晴睛',
  '拔拨',
  '折拆',
  '候侯',
  '历厉',
  '即既',
  '至致',
  '起启',
  '题提',
  '练炼',
  '遍编',
  '轮论',
  '制治',
  '原源',
  '分份',
  '定订',
  '交缴',
  '建健',
  '成城',
  '经径',
  '由油',
  '公工',
  '因应',
  '需须',
  '长常',
  '期其',
  '及级',
] as const;

export const CONFUSED: ReadonlyMap<string, readonly string[]> = new Map(
  GROUPS.flatMap((group) =>
    [...group].map((one): [string, string[]] => [one, [...group].filter((other) => other !== one)]),
  ),
);
