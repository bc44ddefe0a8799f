/** Processes one video: node examples/process-video.js VIDEO FOLDER */
import process from 'node:process';
import { FaceMirrorError, processVideo } from 'facemirror';

const [video = 'patient.mp4', out = 'results'] = process.argv.slice(2);
try {
  const { files, record, isNew } = await processVideo(video, { out, iris: true });
  console.log(isNew ? 'Processed:' : 'Already there:', `${record.frames.withFace} frames with a face`);
  for (const file of files) console.log(`  ${file}`);
} catch (error) {
  // Expected failures are sentences; branch on `code` where a program must.
  if (!(error instanceof FaceMirrorError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
