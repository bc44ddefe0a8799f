import { create, toBinary } from '@bufbuild/protobuf';
import { BlobWriter } from './blob.js';
import { ModelSchema, type FunctionDescription } from './generated/model_pb.js';
import { describeFeature, describeLabel, featureOf, type Feature } from './interface.js';
import type { Program } from './program.js';
import { LABEL, PROBABILITIES, writeFunction, type Classifier } from './write.js';

/** What an app may read of a model. */
export interface PackageMetadata {
  readonly description?: string;
  readonly author?: string;
  readonly license?: string;
  readonly version?: string;
  readonly userDefined?: Readonly<Record<string, string>>;
}

/** One function to be packed: several are one model for several sizes. */
export interface PackageFunction {
  readonly name: string;
  readonly program: Program;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Order of the channels for inputs that are pictures, by ONNX name. */
  readonly images: ReadonlyMap<string, NonNullable<Feature['colours']>>;
  readonly classifier?: Classifier;
}

/** The files of a package by their paths inside it, in pieces, and the interface. */
export interface EncodedPackage {
  readonly files: ReadonlyMap<string, readonly Uint8Array<ArrayBuffer>[]>;
  readonly functions: readonly {
    readonly name: string;
    readonly inputs: readonly Feature[];
    readonly outputs: readonly Feature[];
  }[];
  readonly specification: number;
  readonly bytes: number;
}

export const MODEL_PATH = 'Data/com.apple.CoreML/model.mlmodel';
export const WEIGHTS_PATH = 'Data/com.apple.CoreML/weights/weight.bin';

/** Encodes programs as the files of an .mlpackage. The same programs give the same bytes. */
export function encodePackage(
  functions: readonly PackageFunction[],
  specification: number,
  metadata: PackageMetadata,
): EncodedPackage {
  const blobs = new BlobWriter();
  const written = functions.map((each) => {
    const { message, names } = writeFunction(each.program, specification, blobs, each.classifier);
    const nameOf = (value: PackageFunction['program']['inputs'][number]): string => names.get(value) ?? value.hint;
    const inputs = each.program.inputs.map((value, place) => {
      const onnx = each.inputs[place] ?? value.hint;
      return featureOf(value, nameOf(value), onnx, each.images.get(onnx));
    });
    const outputs = each.program.outputs.map((value, place) =>
      featureOf(value, nameOf(value), each.outputs[place] ?? value.hint),
    );
    return {
      name: each.name,
      message,
      inputs,
      outputs: withClasses(outputs, each.classifier),
      classifier: each.classifier,
    };
  });
  const renamed = Object.fromEntries(
    written
      .flatMap(({ inputs, outputs }) => [...inputs, ...outputs])
      .filter(({ name, onnxName }) => name !== onnxName)
      .map(({ name, onnxName }) => [`onnx_name.${name}`, onnxName]),
  );
  const description = (place: number) => {
    const { name, inputs, outputs, classifier } = written[place] ?? {
      name: 'main',
      inputs: [],
      outputs: [],
      classifier: undefined,
    };
    const output = outputs.map(describeFeature);
    const classes =
      classifier === undefined ? {} : { predictedFeatureName: LABEL, predictedProbabilitiesName: PROBABILITIES };
    const all = classifier === undefined ? output : [describeLabel(LABEL), ...output];
    return { name, input: inputs.map(describeFeature), output: all, ...classes } satisfies Partial<FunctionDescription>;
  };
  const only = description(0);
  const model = create(ModelSchema, {
    specificationVersion: specification,
    description: {
      ...(functions.length === 1
        ? { ...only, name: undefined }
        : {
            functions: functions.map((_each, place) => description(place)),
            defaultFunctionName: functions[0]?.name ?? 'main',
          }),
      metadata: {
        shortDescription: metadata.description ?? '',
        author: metadata.author ?? '',
        license: metadata.license ?? '',
        versionString: metadata.version ?? '',
        userDefined: { ...renamed, 'com.github.onnx-lens.source': 'ONNX', ...metadata.userDefined },
      },
    },
    Type: {
      case: 'mlProgram',
      value: { version: 1n, functions: Object.fromEntries(written.map(({ name, message }) => [name, message])) },
    },
  });
  const files = new Map([
    ['Manifest.json', [new TextEncoder().encode(manifest())]],
    [MODEL_PATH, [toBinary(ModelSchema, model)]],
    [WEIGHTS_PATH, blobs.finish()],
  ]);
  const bytes = [...files.values()].flat().reduce((sum, piece) => sum + piece.length, 0);
  return {
    files,
    functions: written.map(({ name, inputs, outputs }) => ({ name, inputs, outputs })),
    specification,
    bytes,
  };
}

/** Identifiers of a package's two items; they need to be unique inside it only. */
const [MODEL_ID, WEIGHTS_ID] = ['8C2F6E1A-5B0D-4C57-9E3B-2D4A6F7081B1', '8C2F6E1A-5B0D-4C57-9E3B-2D4A6F7081B2'];

function manifest(): string {
  const item = (name: string, path: string, description: string) => ({
    author: 'com.apple.CoreML',
    description,
    name,
    path,
  });
  return JSON.stringify(
    {
      fileFormatVersion: '1.0.0',
      itemInfoEntries: {
        [MODEL_ID]: item('model.mlmodel', 'com.apple.CoreML/model.mlmodel', 'CoreML Model Specification'),
        [WEIGHTS_ID]: item('weights', 'com.apple.CoreML/weights', 'CoreML Model Weights'),
      },
      rootModelIdentifier: MODEL_ID,
    },
    null,
    2,
  );
}

/** A classifier's probabilities come first, as a dictionary. */
function withClasses(outputs: readonly Feature[], classifier: Classifier | undefined): readonly Feature[] {
  const chosen = classifier === undefined ? undefined : outputs[classifier.output];
  if (chosen === undefined) return outputs;
  return [{ ...chosen, name: PROBABILITIES, kind: 'classes' }, ...outputs.filter((each) => each !== chosen)];
}
