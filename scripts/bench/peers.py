"""The other side of `npm run bench -- --peers`: one peer per process. JSON lines in, JSON lines out.

{"open": {"peer", "folder", "threads", "scratch"}}       -> {"ready": versions}
{"embed": {"texts", "batch"}}                            -> {"seconds", "vectors": first three}
{"store": {"texts"}}       chromadb, a fresh store       -> {"seconds", "count"}
{"index": {"vectors", "queries", "dimension", "texts"}}  -> {"seconds"}; two files of float32
{"search": {"width", "from", "to", "k"}}                 -> {"ms": one per query, "found": rows per query}
"""
import json
import os
import sys
import time
import uuid

M = 16
EF_CONSTRUCTION = 200
STORE_BATCH = 128


class Fastembed:
    """fastembed with the given model folder instead of a download."""

    def __init__(self, folder, threads):
        import fastembed
        import onnxruntime
        from fastembed.common.model_description import ModelSource, PoolingType

        self.versions = f"fastembed {fastembed.__version__}, onnxruntime {onnxruntime.__version__}"
        fastembed.TextEmbedding.add_custom_model(
            model="bench/model",
            pooling=PoolingType.MEAN,
            normalization=True,
            sources=ModelSource(hf="bench/model"),
            dim=384,
            model_file="model.onnx",
        )
        self.model = fastembed.TextEmbedding(
            "bench/model", specific_model_path=folder, local_files_only=True, threads=threads
        )

    def embed(self, texts, batch):
        return list(self.model.embed(texts, batch_size=batch))


class SentenceTransformers:
    """sentence-transformers with torch on the float32 weights the ONNX file was made from."""

    def __init__(self, folder, threads):
        import sentence_transformers
        import torch

        torch.set_num_threads(threads)
        self.versions = f"sentence-transformers {sentence_transformers.__version__}, torch {torch.__version__}"
        self.model = sentence_transformers.SentenceTransformer(folder, device="cpu")
        self.model.max_seq_length = 256

    def embed(self, texts, batch):
        return self.model.encode(texts, batch_size=batch, normalize_embeddings=True, show_progress_bar=False)


class WithThreads:
    """onnxruntime whose sessions take so many threads: chromadb has no setting for it."""

    def __init__(self, runtime, threads):
        self.runtime = runtime
        self.threads = threads

    def __getattr__(self, name):
        return getattr(self.runtime, name)

    def SessionOptions(self):
        options = self.runtime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        return options


class ChromaDefault:
    """chromadb's default embedding function on the given model folder; its batches are its own."""

    def __init__(self, folder, threads):
        import chromadb
        import onnxruntime
        from pathlib import Path
        from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

        self.versions = f"chromadb {chromadb.__version__}, onnxruntime {onnxruntime.__version__}"
        self.function = ONNXMiniLM_L6_V2(preferred_providers=["CPUExecutionProvider"])
        self.function.ort = WithThreads(self.function.ort, threads)
        self.function.DOWNLOAD_PATH = Path(folder).parent
        self.function.EXTRACTED_FOLDER_NAME = Path(folder).name

    def embed(self, texts, batch):
        return self.function(texts)


class ChromaStore:
    """Texts into a fresh persistent collection, embedded by `embedder`."""

    def __init__(self, scratch, embedder):
        self.scratch = scratch
        self.embedder = embedder
        self.versions = embedder.versions if embedder.versions.startswith("chromadb") else self.own(embedder)

    @staticmethod
    def own(embedder):
        import chromadb

        return f"chromadb {chromadb.__version__}, {embedder.versions}"

    def store(self, texts):
        started = time.perf_counter()
        collection = chroma_client(os.path.join(self.scratch, uuid.uuid4().hex)).create_collection(
            "bench", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        for start in range(0, len(texts), STORE_BATCH):
            some = texts[start : start + STORE_BATCH]
            ids = [str(start + at) for at in range(len(some))]
            collection.add(ids=ids, documents=some, embeddings=self.embedder.embed(some, 16))
        return time.perf_counter() - started, collection.count()


class ChromaIndex:
    def __init__(self, scratch):
        import chromadb

        self.versions = f"chromadb {chromadb.__version__}"
        self.scratch = scratch

    def index(self, vectors, texts):
        hnsw = {"space": "cosine", "max_neighbors": M, "ef_construction": EF_CONSTRUCTION, "num_threads": 1}
        self.collection = chroma_client(os.path.join(self.scratch, uuid.uuid4().hex)).create_collection(
            "bench", embedding_function=None, configuration={"hnsw": hnsw}
        )
        for start in range(0, len(texts), 1000):
            end = min(len(texts), start + 1000)
            ids = [str(row) for row in range(start, end)]
            self.collection.add(ids=ids, documents=texts[start:end], embeddings=vectors[start:end])
        # The last part lies in a buffer until the first search.
        self.search(vectors[0], 10)

    def width(self, width):
        self.collection.modify(configuration={"hnsw": {"ef_search": width}})

    def search(self, query, k):
        found = self.collection.query(query_embeddings=[query], n_results=k, include=["documents", "distances"])
        return [int(row) for row in found["ids"][0]]


class FaissIndex:
    def __init__(self):
        import faiss

        faiss.omp_set_num_threads(1)
        self.faiss = faiss
        self.versions = f"faiss-cpu {faiss.__version__}"

    def index(self, vectors, texts):
        self.hnsw = self.faiss.IndexHNSWFlat(vectors.shape[1], M, self.faiss.METRIC_INNER_PRODUCT)
        self.hnsw.hnsw.efConstruction = EF_CONSTRUCTION
        self.hnsw.add(vectors)
        self.texts = texts

    def width(self, width):
        self.hnsw.hnsw.efSearch = width

    def search(self, query, k):
        rows = self.hnsw.search(query.reshape(1, -1), k)[1][0].tolist()
        return [row for row in rows if self.texts[row] is not None]


class HnswlibIndex:
    def __init__(self):
        import hnswlib

        self.hnswlib = hnswlib
        self.versions = f"hnswlib {getattr(hnswlib, '__version__', '')}"

    def index(self, vectors, texts):
        self.hnsw = self.hnswlib.Index(space="cosine", dim=vectors.shape[1])
        self.hnsw.init_index(max_elements=len(texts), M=M, ef_construction=EF_CONSTRUCTION)
        self.hnsw.set_num_threads(1)
        self.hnsw.add_items(vectors)
        self.texts = texts

    def width(self, width):
        self.hnsw.set_ef(width)

    def search(self, query, k):
        rows = self.hnsw.knn_query(query, k=k)[0][0].tolist()
        return [row for row in rows if self.texts[row] is not None]


def chroma_client(folder):
    import chromadb

    return chromadb.PersistentClient(path=folder, settings=chromadb.Settings(anonymized_telemetry=False))


def open_peer(peer, folder, threads, scratch):
    makers = {
        "fastembed": lambda: Fastembed(folder, threads),
        "sentence-transformers": lambda: SentenceTransformers(folder, threads),
        "chromadb": lambda: ChromaDefault(folder, threads),
        "chromadb-store": lambda: ChromaStore(scratch, ChromaDefault(folder, threads)),
        "chromadb-fastembed-store": lambda: ChromaStore(scratch, Fastembed(folder, threads)),
        "chromadb-index": lambda: ChromaIndex(scratch),
        "faiss-index": FaissIndex,
        "hnswlib-index": HnswlibIndex,
    }
    return makers[peer]()


def read_floats(file, dimension):
    import numpy

    return numpy.fromfile(file, dtype=numpy.float32).reshape(-1, dimension)


class Server:
    def open(self, **options):
        self.peer = open_peer(**options)
        # Some load their model at the first text.
        embedder = getattr(self.peer, "embedder", self.peer)
        if hasattr(embedder, "embed"):
            embedder.embed(["warm"], 1)
        return {"ready": self.peer.versions}

    def embed(self, texts, batch):
        started = time.perf_counter()
        vectors = self.peer.embed(texts, batch)
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "vectors": [[float(value) for value in vector] for vector in vectors[:3]]}

    def store(self, texts):
        seconds, count = self.peer.store(texts)
        return {"seconds": seconds, "count": count}

    def index(self, vectors, queries, dimension, texts):
        rows = read_floats(vectors, dimension)
        self.queries = read_floats(queries, dimension)
        with open(texts, encoding="utf-8") as file:
            documents = json.load(file)
        started = time.perf_counter()
        self.peer.index(rows, documents)
        return {"seconds": time.perf_counter() - started}

    def search(self, width, k, **span):
        self.peer.width(width)
        times, found = [], []
        for query in self.queries[span["from"] : span["to"]]:
            started = time.perf_counter()
            rows = self.peer.search(query, k)
            times.append((time.perf_counter() - started) * 1000)
            found.append(rows)
        return {"ms": times, "found": found}


def main():
    # What a library prints is not an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    server = Server()
    for line in sys.stdin:
        ((what, options),) = json.loads(line).items()
        try:
            answer = getattr(server, what)(**options)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


main()
