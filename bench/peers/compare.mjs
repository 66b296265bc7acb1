// Our engine beside ONNX Runtime: same network, same synthetic weights, same inputs, alternating runs.
//
//   node compare.mjs --runner BINARY --model DIR --onnx DIR [--threads 1,2] [--batches 1,8,32] [--rounds 15] [--isa auto] [--precision fp32|bf16|int8]
//
// Each round runs both sides once, in turn, on an otherwise idle machine; the table gives medians and the spread
// (quartiles) of both, and the median of the ratios of neighbouring runs. A pair whose embeddings differ by more than
// TOLERANCE (relative L2; for bf16 that is a cosine of 0.9998, for int8 of 0.999) is an error, not a time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import ort from 'onnxruntime-node';

const { values: args } = parseArgs({
  options: {
    runner: { type: 'string' },
    model: { type: 'string' },
    onnx: { type: 'string' },
    threads: { type: 'string', default: '1,2' },
    batches: { type: 'string', default: '1,8,32' },
    rounds: { type: 'string', default: '15' },
    isa: { type: 'string', default: 'auto' },
    precision: { type: 'string', default: 'fp32' },
  },
});
const list = (text) => text.split(',').map(Number);
const SIZE = 256;
const CONTEXT = 77;
const TOLERANCE = { fp32: 1e-4, bf16: 2e-2, int8: 4.5e-2 }[args.precision];

// The same inputs as bench/engine_runner.cpp makes.
function patternImages(batch) {
  const data = new Float32Array(batch * 3 * SIZE * SIZE);
  for (let k = 0; k < batch; ++k) {
    for (let c = 0; c < 3; ++c) {
      for (let y = 0; y < SIZE; ++y) {
        for (let x = 0; x < SIZE; ++x) {
          const v = ((x * (1 + k)) ^ (y * (1 + 2 * k))) + 37 * c * (k + 1) + ((x * y) >> (4 + (k % 3)));
          data[((k * 3 + c) * SIZE + y) * SIZE + x] = (v & 255) / 255;
        }
      }
    }
  }
  return new ort.Tensor('float32', data, [batch, 3, SIZE, SIZE]);
}

function patternTexts(batch) {
  const data = new BigInt64Array(batch * CONTEXT);
  for (let k = 0; k < batch; ++k) {
    [49406, 320, 1125, 539, 320, 2368 + k, 49407].forEach((id, i) => { data[k * CONTEXT + i] = BigInt(id); });
  }
  return new ort.Tensor('int64', data, [batch, CONTEXT]);
}

class OnnxRuntime {
  static async create(threads) {
    const self = new OnnxRuntime();
    const options = { intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all' };
    self.image = await ort.InferenceSession.create(`${args.onnx}/image.onnx`, options);
    self.text = await ort.InferenceSession.create(`${args.onnx}/text.onnx`, options);
    self.text_int8 = await ort.InferenceSession.create(`${args.onnx}/text_int8.onnx`, options);
    return self;
  }

  async run(model, batch) {
    const feeds = model === 'image' ? { pixel_values: patternImages(batch) } : { input_ids: patternTexts(batch) };
    const start = performance.now();
    const result = await this[model].run(feeds);
    const milliseconds = performance.now() - start;
    const output = Object.values(result)[0];
    const row = Array.from(output.data.slice(0, output.dims[1]));
    const norm = Math.hypot(...row);
    return { milliseconds, embedding: row.map((v) => v / norm) };
  }
}

class Ours {
  static async create(threads) {
    const self = new Ours();
    self.child = spawn(args.runner, [args.model, String(threads), args.isa, args.precision], { stdio: ['pipe', 'pipe', 'inherit'] });
    self.lines = readline.createInterface({ input: self.child.stdout })[Symbol.asyncIterator]();
    const { value } = await self.lines.next();
    if (!value?.startsWith('ready')) throw new Error('the engine runner did not start');
    self.description = value.slice('ready '.length);
    return self;
  }

  async run(tower, batch) {
    this.child.stdin.write(`${tower} ${batch}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error('the engine runner stopped');
    const [milliseconds, ...embedding] = value.split(' ').map(Number);
    return { milliseconds, embedding };
  }

  async stop() {
    this.child.stdin.end();
    await once(this.child, 'exit');
  }
}

function relativeError(a, b) {
  const difference = Math.hypot(...a.map((v, i) => v - b[i]));
  return difference / Math.hypot(...b);
}

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}

const summary = (values, digits) =>
  `${quantile(values, 0.5).toFixed(digits)} (${quantile(values, 0.25).toFixed(digits)}–${quantile(values, 0.75).toFixed(digits)})`;

// Long enough that both sides' threads have stopped spinning: at 20 ms ONNX Runtime's still slowed us down, and we it.
const pause = () => new Promise((resolve) => { setTimeout(resolve, 200); });

// `model` is ONNX Runtime's: image, text, or its text model in dynamic int8.
async function measure(ours, theirs, model, batch, rounds) {
  const tower = model.replace('_int8', '');
  const samples = { ours: [], theirs: [], ratio: [], error: 0 };
  for (let round = -2; round < rounds; ++round) {  // two rounds to warm up
    const mine = await ours.run(tower, batch);
    await pause();
    const other = await theirs.run(model, batch);
    await pause();
    const error = relativeError(mine.embedding, other.embedding);
    if (!(error < TOLERANCE)) throw new Error(`${tower}: the embeddings differ by ${error}`);
    samples.error = error;
    if (round < 0) continue;
    samples.ours.push(mine.milliseconds / batch);
    samples.theirs.push(other.milliseconds / batch);
    samples.ratio.push(other.milliseconds / mine.milliseconds);
  }
  return samples;
}

console.log('| tower | batch | threads | engine | ours, ms an item | ONNX Runtime, ms an item | ratio | relative L2 difference |');
console.log('|---|---|---|---|---|---|---|---|');
for (const threads of list(args.threads)) {
  const theirs = await OnnxRuntime.create(threads);
  const ours = await Ours.create(threads);
  for (const model of args.precision === 'int8' ? ['image', 'text', 'text_int8'] : ['image', 'text']) {
    for (const batch of list(args.batches)) {
      const s = await measure(ours, theirs, model, batch, Number(args.rounds));
      console.log(`| ${model === 'text_int8' ? 'text, ORT in dynamic int8' : model} | ${batch} | ${threads} | ${ours.description} | ${summary(s.ours, 2)} | ${summary(s.theirs, 2)} | ${summary(s.ratio, 2)} | ${s.error.toExponential(1)} |`);
    }
  }
  await ours.stop();
}
