#include "core/etf/show.hpp"

namespace pgcrew::erlang_bridge {

std::string show(const Pid &pid) {
    return "<" + std::string(pid.node) + "." + std::to_string(pid.id) + "." +
           std::to_string(pid.serial) + ">";
}

std::string show(const Port &port) {
    return "#Port<" + std::string(port.node) + "." + std::to_string(port.id) + ">";
}

std::string show(const Reference &reference) {
    std::string text = "#Ref<" + std::string(reference.node);
    for (std::size_t i = reference.count; i-- > 0;)
        text += "." + std::to_string(reference.words[i]);
    return text + ">";
}

std::string show(const Export &fun) {
    return std::string(fun.module) + ":" + std::string(fun.function) + "/" +
           std::to_string(fun.arity);
}

} // namespace pgcrew::erlang_bridge
