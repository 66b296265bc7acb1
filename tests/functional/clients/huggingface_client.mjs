// Hugging Face's own client, at TEI's /embed: node huggingface_client.mjs BASE_URL > results as JSON
import {InferenceClient} from '@huggingface/inference';

const client = new InferenceClient().endpoint(process.argv[2] + '/embed');
console.log(JSON.stringify({
  one: await client.featureExtraction({inputs: 'a cat'}),
  list: await client.featureExtraction({inputs: ['a cat', 'a dog']}),
}));
