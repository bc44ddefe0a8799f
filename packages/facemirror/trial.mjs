process.env.ORT_DISABLE_TELEMETRY='1';
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { InferenceSession, Tensor } from 'onnxruntime-node';
const [,, name, mode] = process.argv;
const base = { executionProviders:['cpu'], intraOpNumThreads:1, interOpNumThreads:1, executionMode:'sequential', logSeverityLevel:3, extra:{session:{intra_op:{allow_spinning:'0'},inter_op:{allow_spinning:'0'}}}};
if (mode==='compile'){ const {ensureCompiled}=await import('onnx-lens'); const t=performance.now(); await ensureCompiled(`/tmp/cmp/${name}.onnx`,`/tmp/cmp/c/${name}`); console.log(name,'compile ms',(performance.now()-t).toFixed(0)); process.exit(); }
const bytes = mode==='bytes'? readFileSync(`/tmp/cmp/${name}.onnx`):null;
const r0=process.memoryUsage.rss(); const t0=performance.now();
const s = mode==='bytes'? await InferenceSession.create(bytes,{...base,graphOptimizationLevel:'all'}) : await InferenceSession.create(`/tmp/cmp/c/${name}/model.onnx`,{...base,graphOptimizationLevel:'disabled'});
const t1=performance.now();
const feeds={}; let seed=12345; 
for(const i of s.inputMetadata){const sh=i.shape.map(d=>typeof d==='number'?d:(d.includes?.('batch')||d==='n'?1:320)); const n=sh.reduce((a,b)=>a*b,1); const x=new Float32Array(n); for(let k=0;k<n;k++){seed=(seed*1103515245+12345)&0x7fffffff;x[k]=seed/0x7fffffff;} feeds[i.name]=new Tensor('float32',x,sh);}
const o=await s.run(feeds); const t2=performance.now();
const h=createHash('sha256'); for(const k of Object.keys(o).sort()) h.update(new Uint8Array(o[k].data.buffer,o[k].data.byteOffset,o[k].data.byteLength));
const times=[]; for(let k=0;k<9;k++){const a=performance.now(); await s.run(feeds); times.push(performance.now()-a);} times.sort((a,b)=>a-b);
console.log(name.padEnd(28),mode.padEnd(9),'create',(t1-t0).toFixed(1),'first',(t2-t1).toFixed(1),'run median',times[4].toFixed(2),'rss+',((process.memoryUsage.rss()-r0)/1e6).toFixed(0),'MB',h.digest('hex').slice(0,12), JSON.stringify(Object.values(feeds)[0].dims));
