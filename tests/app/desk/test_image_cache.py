from app.desk.image_cache import ImageCache
from tests.support.viewer_fixtures import make_image, make_prediction


def test_the_latest_images_stay_and_whoever_has_to_go_is_told():
    dropped = []
    cache = ImageCache(1 << 30, dropped.append, most_images=2)
    images = [make_image() for _ in range(3)]
    cache.put(0, images[0], None)
    cache.put(1, images[1], None)
    assert cache.get(0) == (images[0], None)
    cache.put(2, images[2], None)
    assert dropped == [1], "the one that nobody has looked at for longest"
    assert cache.get(1) is None


def test_memory_counts_with_the_vector_fields_and_the_last_image_always_stays():
    dropped = []
    image = make_image()
    prediction = make_prediction(image)
    cache = ImageCache(image.voxels.nbytes, dropped.append)
    cache.put(0, image, None)
    assert cache.bytes == image.voxels.nbytes
    cache.put(1, image, prediction)
    assert cache.bytes > 2 * image.voxels.nbytes
    assert dropped == [0]
    assert cache.get(1) == (image, prediction)
