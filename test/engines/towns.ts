import { sftPrompt } from '../../src/datasets/render.ts';

/** Rows of our own: each town has a year, a river and a trade, and one of them is asked for. */
export function towns(): { instruction: string; input: string; output: string }[] {
  const names = [
    'Alder',
    'Birk',
    'Corran',
    'Dunmere',
    'Elmstead',
    'Farrow',
    'Garnet',
    'Holm',
    'Iver',
    'Jarrow',
    'Kelso',
    'Lund',
  ];
  return names.flatMap((name, at) => {
    const [year, river, trade] = [
      `${1200 + at * 37}`,
      `${names[(at + 3) % names.length]} Water`,
      ['salt', 'wool', 'tin'][at % 3] ?? '',
    ];
    const context = `${name} was founded in ${year} where the road meets the ${river}. Its people live by ${trade}.`;
    const ask = (question: string, output: string) => ({
      instruction: sftPrompt(context, question),
      input: '',
      output,
    });
    return [
      ask(`When was ${name} founded?`, year),
      ask(`On which river lies ${name}?`, river),
      ask(`What do the people of ${name} live by?`, trade),
    ];
  });
}
