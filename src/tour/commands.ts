import path from 'node:path';
import type { TourStep } from './types.ts';

const QUESTION = '"How large is the mirror of the Renn reflector?"';
const LLM = 'smollm2-135m-instruct';

/** What does a step without the screen. `fixtures`: the folder of the samples that come along. */
export function commandOf(step: TourStep, fixtures: string): string {
  const at = (name: string): string => {
    const file = path.join(fixtures, name);
    return file.includes(' ') ? `'${file}'` : file;
  };
  const commands: Readonly<Record<TourStep, string>> = {
    ingest: `ragtui ingest ${at('sample-kb/en')} --kb sample`,
    ask: `ragtui ask ${QUESTION} --kb sample`,
    passages: `ragtui search ${QUESTION} --kb sample`,
    compare: `ragtui compare ${QUESTION} --kb sample --column name=a,llm=${LLM} --column name=b,llm=${LLM},prompt=tutorial`,
    dataset: `ragtui dataset import ${at('sample-questions.jsonl')} --name sample`,
    prepare: 'ragtui dataset split sample --by context --test 8 --seed 1314',
    train: `ragtui train llm --dataset sample --split train --base ${LLM} --preset cpu --name sample-sft --dry-run`,
    deploy: 'ragtui deploy list',
    evaluate: `ragtui eval run --dataset sample --split test --wait --column name=gold,llm=${LLM},context=gold --column name=none,llm=${LLM},context=none`,
    verdict: 'ragtui eval report latest',
  };
  return commands[step];
}
