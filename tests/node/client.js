// Google's own Node client against the engine, over gRPC or REST: does one thing, prints it as JSON.
//
//   node client.js TRANSPORT HOST:PORT ACTION [VERSION] < request.json
//
// Run in a folder with node_modules (see package.json); test_node_client.py does that.
'use strict';

const {readFileSync} = require('node:fs');
const {createRequire} = require('node:module');
const path = require('node:path');
const installed = createRequire(path.join(process.cwd(), 'package.json'));
const {grpc} = installed('google-gax');

const [transport, address, action, version = 'v1'] = process.argv.slice(2);
const {ImageAnnotatorClient} = installed('@google-cloud/vision')[version];
const given = JSON.parse(readFileSync(0, 'utf8'));
const [host, port] = address.split(':');

const options = {apiEndpoint: host, port: Number(port)};
if (transport === 'rest') {
  Object.assign(options, {fallback: true, protocol: 'http', apiKey: 'unused'});
} else {
  Object.assign(options, {sslCreds: grpc.credentials.createInsecure()});
}
const client = new ImageAnnotatorClient(options);

const outcome = (operation, response) => ({
  name: operation.name,
  done: operation.latestResponse.done,
  state: operation.metadata.state,
  response,
});

const actions = {
  // Pictures at once, by the helper that users know.
  async labels({content}) {
    const [response] = await client.labelDetection({image: {content}});
    return response;
  },
  async images(request) {
    const [response] = await client.batchAnnotateImages(request);
    return response;
  },
  async files(request) {
    const [response] = await client.batchAnnotateFiles(request);
    return response;
  },
  // Long-running: until the end, then again by the name alone.
  async asyncImages(request) {
    const [operation] = await client.asyncBatchAnnotateImages(request);
    const [response] = await operation.promise();
    const again = await client.checkAsyncBatchAnnotateImagesProgress(operation.name);
    return {...outcome(operation, response), again: again.done, againResult: again.result};
  },
  async asyncFiles(request) {
    const [operation] = await client.asyncBatchAnnotateFiles(request);
    const [response] = await operation.promise();
    return outcome(operation, response);
  },
  async cancel(request) {
    const [operation] = await client.asyncBatchAnnotateImages(request);
    await operation.cancel();
    try {
      await operation.promise();
    } catch (error) {
      return {code: error.code, message: error.message};
    }
    return {};
  },
};

actions[action](given)
  .then(result => process.stdout.write(JSON.stringify({result})))
  .catch(error =>
    process.stdout.write(JSON.stringify({error: {code: error.code, message: error.message}}))
  );
