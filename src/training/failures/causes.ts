import type { ErrorCode } from '../../platform/errors.ts';
import type { FailureKind } from './types.ts';

export interface Cause {
  readonly kind: FailureKind;
  /** Looked for in each line. */
  readonly pattern: RegExp;
  /** Must be found in some other line, too. */
  readonly also?: RegExp;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

const MEMORY = {
  kind: 'memory',
  code: 'unavailable',
  hint: 'Use a smaller batch, or shorter texts.',
} as const;
const DATA = { kind: 'data', code: 'invalid' } as const;
const VERSION = { kind: 'version', code: 'unavailable' } as const;
const SETTING = { kind: 'setting', code: 'usage' } as const;
const BASE = { kind: 'base', code: 'corrupt' } as const;
const CHECK_ENGINE = 'Run "ragtui engines check" with its name, and install it again.';

/**
 * Why engines fail, by what they print. The first cause of which some line is found counts: what stands above explains
 * what stands below it (an out-of-memory of one process lets the others time out).
 */
export const CAUSES: readonly Cause[] = [
  {
    ...MEMORY,
    pattern:
      /CUDA out of memory|(?:torch|cuda)\.OutOfMemoryError|CUDA error: out of memory|cudaErrorMemoryAllocation|HIP out of memory/i,
    message: 'The GPU ran out of memory',
  },
  {
    ...MEMORY,
    pattern: /(?:CUBLAS|CUDNN|CUSOLVER)_STATUS_(?:ALLOC_FAILED|NOT_INITIALIZED)/,
    message: 'The GPU had no memory left for its own libraries',
  },
  {
    ...MEMORY,
    pattern: /MPS backend out of memory|NPU out of memory|XPU out of memory/i,
    message: 'The accelerator ran out of memory',
  },
  {
    ...MEMORY,
    pattern:
      /DefaultCPUAllocator: (?:can't allocate|not enough) memory|^\s*MemoryError|std::bad_alloc|Cannot allocate memory|ArrayMemoryError/,
    message: 'The machine ran out of memory',
  },
  {
    ...MEMORY,
    pattern: /oom-kill|Out of memory: Killed process|Memory cgroup out of memory|OOMKilled/i,
    message: 'The system ended it because memory ran out',
  },
  {
    kind: 'disk',
    pattern:
      /no space left on device|errno 28\b|disk quota exceeded|errno 122\b|PytorchStreamWriter failed writing file|inline_container.*unexpected pos/i,
    code: 'disk-full',
    message: 'The disk is full',
    hint: 'Free some space and resume the job: it goes on from the last whole checkpoint.',
  },
  {
    kind: 'permission',
    pattern: /PermissionError|Permission denied|Read-only file system|errno (?:13|30)\b/i,
    code: 'permission',
    message: 'The engine may not write or read a file',
    hint: 'Check the owner and mode of the path in that line.',
  },
  {
    ...SETTING,
    pattern:
      /Some keys are not used by the HfArgumentParser|unrecognized arguments|Some specified arguments are not used/i,
    message: 'The engine does not know one of the settings',
    hint: 'Look at --set: the name of a key is wrong.',
  },
  {
    ...SETTING,
    pattern: /Target modules .* not found in the base model|No modules were targeted/i,
    message: 'The base has no layers of the names in lora_target',
    hint: 'Leave lora_target at "all", or name layers the base has.',
  },
  {
    kind: 'template',
    pattern: /Template .* does not exist|Cannot parse .*template|chat_template is not set/i,
    code: 'usage',
    message: 'The engine does not know the chat template',
    hint: 'Name another --template, or a base whose template is known.',
  },
  {
    ...DATA,
    pattern:
      /Undefined dataset|ValueError: File .* not found|Cannot open .*dataset_info\.json|dataset_info\.json.*not found/i,
    message: 'The engine does not find the dataset that was exported for it',
    hint: 'Start the job again: the rows are exported anew.',
  },
  {
    ...DATA,
    pattern:
      /Cannot find valid samples|Converting format of dataset.*0 examples|num_samples should be a positive integer/i,
    message: 'The engine found no usable rows in the data',
    hint: 'Run "ragtui dataset check" on it; rows longer than the cutoff and turns out of order are dropped.',
  },
  {
    ...BASE,
    pattern: /JSONDecodeError/,
    also: /in load_tokenizer|File ".*tokenization_\w+\.py"/,
    message: 'The tokenizer of the base cannot be read',
    hint: 'Run "ragtui models verify", remove the folder of the base and start again.',
  },
  {
    ...DATA,
    pattern:
      /DatasetGenerationError|JSON parse error|ArrowInvalid|Failed to (?:read|load) (?:JSON|file)|JSONDecodeError/,
    message: 'The engine cannot read the file of rows',
    hint: 'Run "ragtui dataset check" on it, then start the job again.',
  },
  {
    ...DATA,
    pattern:
      /^\s*KeyError: '(?:instruction|input|output|messages|conversations|chosen|rejected|query|pos|neg|prompt)'|Column .* not in the dataset/,
    message: 'A column that the engine needs is missing from the rows',
    hint: 'Run "ragtui dataset check" on it, or import it with --map.',
  },
  {
    ...DATA,
    pattern: /^\s*ZeroDivisionError/,
    message: 'A row has no negative passage',
    hint: 'Give it some: ragtui dataset negatives.',
  },
  {
    kind: 'resume',
    pattern:
      /Output directory already exists and is not empty|Can't find a valid checkpoint|checkpoint.*is not valid|loading state_dict.*optimizer|loaded state dict contains a parameter group|parameter group that doesn't match the size/i,
    code: 'invalid',
    message: 'The checkpoint to go on from does not belong to this training',
    hint: 'Start it under another --name, or delete the folder of the tune.',
  },
  {
    ...BASE,
    pattern:
      /SafetensorError|HeaderTooLarge|InvalidHeader|MetadataIncompleteBuffer|incomplete metadata|Unable to load weights|UnpicklingError/,
    message: 'The weights of the base are damaged',
    hint: 'Run "ragtui models verify", remove the folder of the base and start again.',
  },
  {
    ...BASE,
    pattern: /size mismatch for|mismatch(?:ed)? (?:sizes|shapes)|You set `ignore_mismatched_sizes`/i,
    message: 'The weights of the base do not fit its config.json',
    hint: 'Remove the folder of the base, so that it is made anew.',
  },
  {
    ...BASE,
    pattern:
      /(?:Can't|Unable to|Couldn't|cannot) (?:load|instantiate|build) .*tokenizer|tokenizer\.json.*(?:EOF|expected|invalid)|EOF while parsing|Error while (?:initializing|parsing) .*[tT]okeni[sz]er/,
    message: 'The tokenizer of the base cannot be read',
    hint: 'Run "ragtui models verify", remove the folder of the base and start again.',
  },
  {
    kind: 'network',
    pattern:
      /OfflineModeIsEnabled|LocalEntryNotFoundError|couldn't connect to|Max retries exceeded|Name or service not known|Temporary failure in name resolution|Connection(?:Refused|Reset)Error|ConnectTimeout|is not a local folder and is not a valid model identifier/i,
    code: 'network',
    message: 'The engine wanted something that is not on this disk',
    hint: 'Everything it needs must be here: pull the base model again.',
  },
  {
    kind: 'device',
    pattern:
      /doesn't support bf16\/gpu|doesn't support fp16|fp16 mixed precision requires|bf16.*(?:not supported|requires)|Found no NVIDIA driver|No CUDA GPUs are available|no kernel image is available|invalid device ordinal|not compiled with CUDA/i,
    code: 'unsupported',
    message: 'This device cannot do what the settings ask for',
    hint: 'Use --preset cpu, or leave out fp16, bf16 and the number of GPUs.',
  },
  {
    ...VERSION,
    pattern:
      /driver (?:on your system )?is too old|CUDA driver version is insufficient|forward compatibility was attempted/i,
    message: "The GPU's driver is older than this PyTorch needs",
    hint: 'Update the NVIDIA driver, or use an environment with an older PyTorch (engines install --python).',
  },
  {
    ...VERSION,
    pattern:
      /compiled with different CUDA versions|undefined symbol|libcud\w+\.so.*cannot open|libnvrtc|GLIBC\w*_[\d.]+.* not found/i,
    message: "Packages of the engine's environment do not belong together",
    hint: CHECK_ENGINE,
  },
  {
    ...VERSION,
    pattern:
      /ModuleNotFoundError|ImportError|PackageNotFoundError|requires? .* but .* (?:found|installed)|is required for a normal functioning|requires the .* library|(?:pip|uv pip) install /,
    message: "The engine's environment lacks a package, or has another version of it",
    hint: CHECK_ENGINE,
  },
  {
    kind: 'distributed',
    pattern:
      /NCCL (?:error|watchdog)|ncclSystemError|ncclInternalError|ncclUnhandledCudaError|Watchdog caught collective operation timeout|DistBackendError|Distributed training has not been initialized|Please use `FORCE_TORCHRUN=1`|Address already in use|ProcessGroupNCCL/,
    code: 'unavailable',
    message: 'The processes of several GPUs did not come together',
    hint: 'Look at the first process that failed; set NCCL_P2P_DISABLE=1 where GPUs cannot reach each other, or train on one.',
  },
  {
    kind: 'diverged',
    pattern: /Loss is (?:nan|inf)|loss.*(?:became|is) NaN|FloatingPointError|Function '\w+' returned nan values/i,
    code: 'invalid',
    message: 'The training diverged: its loss is no number any more',
    hint: 'Use a smaller --set learning_rate, or bf16 instead of fp16.',
  },
];
