console.log('demo on node', process.version);
