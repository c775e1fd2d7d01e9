import { Settings } from './settings.ts';
import type { ForecastInput, StepsForecast } from './types.ts';

/**
 * Steps as Transformers 5.6 counts them (`Trainer.set_initial_training_values`, Accelerate's `BatchSamplerShard`):
 * batches of one GPU are dealt round to all, an unfinished accumulation is a step too, `max_steps` over all.
 * LLaMA-Factory cuts to `max_samples` first, then keeps `val_size` apart (`datasets`' `train_test_split`: a share is
 * rounded up).
 */
export function forecastSteps({ engine, settings, gpus, rows }: ForecastInput): StepsForecast {
  const read = new Settings(settings);
  const used = engine === 'llamafactory' ? Math.min(rows, read.number('max_samples') ?? rows) : rows;
  const evalRows = engine === 'llamafactory' ? heldOut(used, read.number('val_size') ?? 0) : 0;
  const trainRows = Math.max(0, used - evalRows);
  const micro = read.number('per_device_train_batch_size') ?? 8;
  const accumulation = Math.max(1, read.number('gradient_accumulation_steps') ?? 1);
  const batches = dealt(trainRows, micro, gpus, read.flag('dataloader_drop_last'));
  const perEpoch = batches === 0 ? 0 : Math.max(1, Math.ceil(batches / accumulation));
  const most = read.number('max_steps') ?? -1;
  const epochs = read.number('num_train_epochs') ?? 3;
  const total = batches === 0 ? 0 : most > 0 ? most : Math.ceil(epochs * perEpoch);
  return {
    trainRows,
    evalRows,
    effectiveBatch: micro * accumulation * gpus,
    perEpoch,
    total,
    epochs: perEpoch === 0 ? 0 : most > 0 ? most / perEpoch : epochs,
  };
}

function heldOut(rows: number, size: number): number {
  if (size <= 1e-6) return 0;
  return size > 1 ? Math.min(rows, Math.trunc(size)) : Math.ceil(rows * size);
}

/** Batches that one of `gpus` gets in an epoch. */
function dealt(rows: number, batch: number, gpus: number, dropLast: boolean): number {
  const batches = dropLast ? Math.floor(rows / batch) : Math.ceil(rows / batch);
  return dropLast ? Math.floor(batches / gpus) : Math.ceil(batches / gpus);
}
