import { useEffect, useRef, useState, type ReactNode } from 'react';
import { t } from '../i18n/messages.js';
import { Failure } from '../shell/parts.js';

/** Records from the camera and gives the recording as a file. The camera is let go on every path. */
export function CameraRecorder({ onVideo }: { readonly onVideo: (file: File) => void }): ReactNode {
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const recorder = useRef<MediaRecorder | null>(null);
  const preview = useRef<HTMLVideoElement>(null);

  useEffect(() => {
    if (preview.current !== null) preview.current.srcObject = stream;
    return () => stream?.getTracks().forEach((track) => track.stop());
  }, [stream]);

  const start = async (): Promise<void> => {
    setFailure(null);
    try {
      const opened = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
      });
      const parts: Blob[] = [];
      const recording = new MediaRecorder(opened, { videoBitsPerSecond: 12_000_000 });
      recording.ondataavailable = ({ data }) => parts.push(data);
      recording.onstop = () => {
        const type = recording.mimeType;
        const name = `recording-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`;
        onVideo(new File(parts, `${name}.${type.includes('mp4') ? 'mp4' : 'webm'}`, { type }));
        setStream(null);
      };
      recording.start(1000);
      recorder.current = recording;
      setStream(opened);
    } catch (error) {
      setFailure(new Error(t.start.cameraFailed, { cause: error }));
    }
  };

  if (stream === null)
    return (
      <>
        <button type="button" onClick={() => void start()}>
          {t.start.camera}
        </button>
        {failure !== null && <Failure error={failure} />}
      </>
    );
  return (
    <div className="camera">
      <video ref={preview} autoPlay muted playsInline aria-label={t.start.recording} />
      <button type="button" className="primary" onClick={() => recorder.current?.stop()}>
        {t.start.stopRecording}
      </button>
    </div>
  );
}
