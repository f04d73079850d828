"""Real photos and digits that come with ordinary Python packages; more when asked for.

`load_photo`, `load_photos`, `photo_names` (see `labkit.data.photos` for where each photo is from)
and `load_digits` (see `labkit.data.digits`) need no network. `fetch` downloads what you name
(`labkit.data.downloads`), `load_folder` reads photos of your own. Submodules load when first used.
"""

import lazy_loader

_HOME = {
    "photos": ["PHOTOS", "load_photo", "load_photos", "photo_names", "photo_path"],
    "digits": ["Labelled", "digits_path", "load_digits"],
    "coloured": ["coloured_digits"],
    "canids": ["Canids", "load_canids", "on_ground"],
    "cars": ["Cars", "few", "load_cars"],
    "portraits": ["Crowd", "Film", "Portraits", "load_crowd", "load_film", "load_portraits"],
    "real_cars": ["load_real_cars"],
    "seasons": ["Seasons", "load_seasons"],
    "downloads": ["available", "fetch", "fetched"],
    "pairs": [
        "Pairs",
        "Triplets",
        "balanced_batches",
        "make_pairs",
        "make_triplets",
        "split_classes",
    ],
    "faces": ["load_faces"],
    "omniglot": ["Letters", "load_omniglot", "load_omniglot_runs"],
    "spoken": ["Recordings", "load_spoken_digits", "read_wav"],
    "words": ["RatedWords", "WordVectors", "load_rated_words", "load_word_vectors", "split_words"],
    "sentences": ["Sentences", "load_sentences"],
    "reviews": ["IMDB_URL", "Texts", "load_glove", "load_imdb", "load_reviews"],
    "pins": ["download_folder"],
    "folder": ["Folder", "load_folder", "load_uploads"],
    "wolves_huskies": ["WolvesHuskies", "load_wolves_huskies"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
