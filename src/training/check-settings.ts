import { RagtuiError } from '../platform/errors.ts';
import { nearNames } from '../platform/near.ts';
import { FLAGEMBEDDING_KEYS } from './flagembedding-keys.ts';
import { LLAMAFACTORY_KEYS } from './llamafactory-keys.ts';
import { makesAdapter, methodOf } from './llm-config.ts';
import type { Setting, Training } from './types.ts';

type Settings = Readonly<Record<string, Setting>>;

/**
 * Throws `usage`, with the nearest name, for a key that LLaMA-Factory does not have, and for a value that it does not
 * take: it would stop at them half a minute later.
 */
export const checkLlmKeys = (settings: Settings): void =>
  checkKeys(settings, LLAMAFACTORY_KEYS, 'LLaMA-Factory', 'those of its training file');

/** The same of FlagEmbedding. */
export const checkEmbedderKeys = (settings: Settings): void =>
  checkKeys(settings, FLAGEMBEDDING_KEYS, 'FlagEmbedding', 'its flags without the dashes');

function checkKeys(settings: Settings, keys: readonly string[], engine: string, names: string): void {
  const unknown = Object.keys(settings).find((key) => !keys.includes(key));
  if (unknown === undefined) {
    checkNumbers(settings);
    return;
  }
  const [near] = nearNames(unknown, keys);
  throw new RagtuiError(
    'usage',
    `${engine} has no setting "${unknown}".`,
    near ? `Did you mean ${near}?` : `Leave it out; the names are ${names}.`,
  );
}

const isCount = (value: Setting): boolean => typeof value === 'number' && Number.isInteger(value) && value >= 1;
const isPositive = (value: Setting): boolean => typeof value === 'number' && value > 0;
const isAmount = (value: Setting): boolean => typeof value === 'number' && value >= 0;

/** Keys of both engines that take nothing else than such a number. A form advises narrower ranges; these are no advice. */
const NUMBERS: readonly { readonly what: string; readonly is: (value: Setting) => boolean; readonly keys: string[] }[] =
  [
    {
      what: 'a whole number from 1',
      is: isCount,
      keys: [
        'per_device_train_batch_size',
        'gradient_accumulation_steps',
        'cutoff_len',
        'max_samples',
        'lora_rank',
        'query_max_len',
        'passage_max_len',
        'train_group_size',
      ],
    },
    {
      what: 'a number above 0',
      is: isPositive,
      keys: ['learning_rate', 'num_train_epochs', 'lora_alpha', 'loraplus_lr_ratio', 'logging_steps', 'save_steps'],
    },
    { what: 'a number from 0', is: isAmount, keys: ['val_size', 'warmup_steps', 'lora_dropout', 'weight_decay'] },
  ];

/** Throws `usage` for a value that no engine takes: it would stop at it half a minute later, or train something else. */
function checkNumbers(settings: Settings): void {
  for (const { what, is, keys } of NUMBERS) {
    const wrong = keys.find((key) => settings[key] !== undefined && !is(settings[key]));
    if (wrong === undefined) continue;
    throw new RagtuiError('usage', `${wrong} cannot be "${settings[wrong]}".`, `Give ${what}.`);
  }
}

interface Rule {
  readonly key: string;
  readonly refused: (value: Setting) => boolean;
  readonly why: string;
}

const isOn = (value: Setting): boolean => value !== false && value !== '';
const LARGEST_RANK = 512;

/** What the servers refuse in an adapter (vLLM's `peft_helper`; ours reads the same), by the key that makes it so. */
const UNSERVABLE: readonly Rule[] = [
  { key: 'use_dora', refused: isOn, why: 'neither vLLM nor the embedded server serves DoRA' },
  { key: 'pissa_init', refused: isOn, why: 'PiSSA changes the base too, which the servers load unchanged' },
  { key: 'additional_target', refused: isOn, why: 'whole modules (modules_to_save) are not served beside the base' },
  { key: 'resize_vocab', refused: isOn, why: 'a changed vocabulary is not served beside the base' },
  { key: 'add_tokens', refused: isOn, why: 'a changed vocabulary is not served beside the base' },
  { key: 'add_special_tokens', refused: isOn, why: 'a changed vocabulary is not served beside the base' },
  {
    key: 'lora_rank',
    refused: (value) => Number(value) > LARGEST_RANK,
    why: `vLLM serves ranks up to ${LARGEST_RANK}`,
  },
];

/** What would run it: the engine as it is installed, else this machine. */
export interface TrainingMachine {
  readonly device: 'cpu' | 'cuda';
  /** By package; undefined while the engine is not installed. */
  readonly versions: Readonly<Record<string, string>> | undefined;
}

/** Throws `unsupported`, with the reason, for a method that the machine cannot run. */
export function checkMethod(training: Training, { device, versions }: TrainingMachine): void {
  if (methodOf(training) === 'qlora') {
    if (device === 'cpu') {
      throw new RagtuiError(
        'unsupported',
        'QLoRA needs a CUDA GPU: bitsandbytes trains over 4-bit weights on one only.',
        'Give --method lora: on a CPU memory is not what is short.',
      );
    }
    if (versions && !versions['bitsandbytes']) {
      throw new RagtuiError(
        'unavailable',
        'QLoRA needs bitsandbytes, which the installed engine lacks.',
        'Run "ragtui engines install llamafactory" again: its lock file for CUDA has it.',
      );
    }
  }
  if (device === 'cpu' && training.preset !== 'cpu') {
    throw new RagtuiError('usage', `The preset ${training.preset} needs a GPU.`, 'Use --preset cpu.');
  }
}

/** Throws `unsupported`, with the reason, for settings whose adapter no server of ours would load. */
export function checkServable(training: Training): void {
  // What is no adapter is a model of its own, which every server loads as it is.
  if (!makesAdapter(training)) return;
  const { settings } = training;
  for (const { key, refused, why } of UNSERVABLE) {
    const value = settings[key];
    if (value === undefined || !refused(value)) continue;
    throw new RagtuiError(
      'unsupported',
      `${key}=${value} makes an adapter that cannot be served: ${why}.`,
      'Leave it out, or train it all the same with --allow-unservable.',
    );
  }
}
