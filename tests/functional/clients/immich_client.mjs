// What Immich's server does (server/src/repositories/machine-learning.repository.ts), with node's own fetch and
// FormData: node immich_client.mjs BASE_URL < {"image": base64} > results as JSON
import {readFileSync} from 'node:fs';

const base = process.argv[2];
const image = Buffer.from(JSON.parse(readFileSync(0, 'utf8')).image, 'base64');

async function predict(task, name, value) {
  const form = new FormData();
  form.append('entries', JSON.stringify({clip: {[task]: {modelName: 'ViT-B-32__openai', options: {}}}}));
  form.append(name, value);
  const response = await fetch(base + '/predict', {method: 'POST', body: form});
  return response.json();
}

console.log(JSON.stringify({
  ping: await (await fetch(base + '/ping')).text(),
  image: await predict('visual', 'image', new Blob([image])),
  text: await predict('textual', 'text', 'a cat'),
}));
