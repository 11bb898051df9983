use switchback_sdk::prelude::*;

#[model]
#[serde(rename_all = "lowercase")]
enum ModelName {
    Alexnet,
    Resnet,
    Lenet,
}

impl Parameter for ModelName {}

#[get("/models/{model_name}")]
fn get_model(model_name: ModelName) -> Value {
    let message = match model_name {
        ModelName::Alexnet => "Deep Learning FTW!",
        ModelName::Lenet => "LeCNN all the images",
        ModelName::Resnet => "Have some residuals",
    };
    json!({ "model_name": model_name, "message": message })
}

plugin! { title: "FastAPI", routes: [get_model] }
